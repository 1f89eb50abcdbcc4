#include "tune/choice/choose.h"

#include <algorithm>
#include <numeric>

namespace octet {
namespace {

double accuracy_of(const TunePoint& point) { return point.accuracy.value_or(point.guess); }

// Takes the best out of `rest`: nearly the highest accuracy, and of these the least processor time.
size_t take_best(const std::vector<TunePoint>& points, std::vector<size_t>& rest) {
  double most = 0;
  for (const size_t i : rest) most = std::max(most, accuracy_of(points[i]));
  auto best = rest.end();
  for (auto at = rest.begin(); at != rest.end(); ++at) {
    if (accuracy_of(points[*at]) < most - kSameAccuracy) continue;
    if (best == rest.end() || points[*at].figures.cpu_ms < points[*best].figures.cpu_ms) best = at;
  }
  const size_t found = *best;
  rest.erase(best);
  return found;
}

std::vector<size_t> order_of(const std::vector<LookCost>& costs, double LookCost::*by) {
  std::vector<size_t> order(costs.size());
  std::iota(order.begin(), order.end(), size_t{0});
  std::stable_sort(order.begin(), order.end(),
                   [&](size_t a, size_t b) { return costs[a].*by < costs[b].*by; });
  return order;
}

}  // namespace

std::vector<size_t> ranked(const std::vector<TunePoint>& points, const Ranking& ranking) {
  std::vector<size_t> hold, miss, order;
  std::vector<double> reserves;
  for (const TunePoint& point : points)
    reserves.push_back(reserve(ranking.goals, point.figures, ranking.source_fps));
  for (size_t i = 0; i < points.size(); ++i) {
    if (points[i].failed.empty()) (reserves[i] >= 1 - ranking.doubt ? hold : miss).push_back(i);
  }
  while (!hold.empty()) order.push_back(take_best(points, hold));
  std::stable_sort(miss.begin(), miss.end(),
                   [&](size_t a, size_t b) { return reserves[a] > reserves[b]; });
  order.insert(order.end(), miss.begin(), miss.end());
  return order;
}

std::vector<size_t> pareto_front(const std::vector<TunePoint>& points) {
  std::vector<size_t> order;
  for (size_t i = 0; i < points.size(); ++i) {
    if (points[i].accuracy && points[i].failed.empty()) order.push_back(i);
  }
  std::stable_sort(order.begin(), order.end(), [&](size_t a, size_t b) {
    const double cpu_a = points[a].figures.cpu_ms, cpu_b = points[b].figures.cpu_ms;
    return cpu_a != cpu_b ? cpu_a < cpu_b : accuracy_of(points[a]) > accuracy_of(points[b]);
  });
  std::vector<size_t> front;
  for (const size_t i : order) {
    if (front.empty() || accuracy_of(points[i]) > accuracy_of(points[front.back()]))
      front.push_back(i);
  }
  return front;
}

std::vector<size_t> cheapest(const std::vector<LookCost>& costs, size_t count) {
  const std::vector<size_t> orders[] = {order_of(costs, &LookCost::ms),
                                        order_of(costs, &LookCost::cpu_ms)};
  std::vector<size_t> taken;
  for (size_t turn = 0; taken.size() < std::min(count, costs.size()); ++turn) {
    for (const size_t i : orders[turn % 2]) {
      if (std::find(taken.begin(), taken.end(), i) != taken.end()) continue;
      taken.push_back(i);
      break;
    }
  }
  return taken;
}

}  // namespace octet
