#include "quant/calibration/silu_ranges.h"

#include <algorithm>
#include <array>
#include <functional>
#include <numeric>

#include "core/error.h"
#include "core/process.h"
#include "core/progress.h"

namespace octet {
namespace {

constexpr double kWorthTrying = 0.02;  // of the sum over all SiLU
constexpr size_t kMost = 12;           // SiLU, the costliest: large networks have many alike
// Factors of the upper ends. With lower ones few pictures would decide what is cut off in many.
constexpr std::array kBefore{0.7, 0.8, 0.9, 1.0, 1.1};
constexpr std::array kBehind{0.8, 0.9, 1.0, 1.1, 1.25, 1.4};
constexpr size_t kTrials = kBefore.size() * kBehind.size();
constexpr int64_t kTrialsShown = 1000;  // steps of the progress: how many trials come is not known

struct Silu {
  size_t before, behind;  // groups
  double cost = 0;
};

class Chooser {
 public:
  Chooser(CalibrationNetwork& network, std::vector<GroupCalibration>& groups)
      : network_(network), groups_(groups), progress_(kTrialsShown, kSiluPhase) {}

  // The trials that are still to come, at most; those that were made count as done.
  void plan(size_t trials) { planned_ = made_ + static_cast<int64_t>(trials); }

  double cost(const Silu& silu) {
    if (stop_requested()) fail("interrupted while calibrating; nothing was written");
    ++made_;
    progress_.update(kTrialsShown * made_ / std::max(made_, planned_));
    return distance_with({&groups_[silu.before], &groups_[silu.behind]}, network_);
  }

  void choose(Silu silu) {
    double& before = groups_[silu.before].range.high;
    double& behind = groups_[silu.behind].range.high;
    const double first_before = before, first_behind = behind;
    double best_before = before, best_behind = behind;
    for (const double f : kBefore) {
      for (const double g : kBehind) {
        before = first_before * f;
        behind = first_behind * g;
        if (const double c = cost(silu); c < silu.cost) {
          silu.cost = c;
          best_before = before;
          best_behind = behind;
        }
      }
    }
    before = best_before;
    behind = best_behind;
    for (const size_t g : {silu.before, silu.behind})
      groups_[g].distance = distance_with({&groups_[g]}, network_);
  }

 private:
  CalibrationNetwork& network_;
  std::vector<GroupCalibration>& groups_;
  Progress progress_;
  int64_t made_ = 0, planned_ = 0;
};

std::vector<Silu> silus(const Graph& graph, const Placement& placement) {
  std::vector<Silu> list;
  for (const Node& node : graph.nodes) {
    const auto* act = std::get_if<Activation>(&node.op);
    if (act == nullptr || act->kind != ActivationKind::kSilu) continue;
    const auto before = placement.group_of.find(node.inputs[0]);
    const auto behind = placement.group_of.find(node.name);
    if (before == placement.group_of.end() || behind == placement.group_of.end()) continue;
    list.push_back({.before = before->second, .behind = behind->second});
  }
  return list;
}

// In the order that they have.
void keep_costliest(std::vector<Silu>& list) {
  if (list.size() <= kMost) return;
  std::vector<double> costs;
  for (const Silu& s : list) costs.push_back(s.cost);
  std::nth_element(costs.begin(), costs.begin() + kMost, costs.end(), std::greater<>());
  std::erase_if(list, [&](const Silu& s) { return s.cost <= costs[kMost]; });
}

}  // namespace

void choose_silu_ranges(const Graph& graph, const Placement& placement, CalibrationNetwork& network,
                        std::vector<GroupCalibration>& groups) {
  Chooser chooser(network, groups);
  std::vector<Silu> list = silus(graph, placement);
  chooser.plan(list.size() + kTrials * std::min(kMost, list.size()));
  for (Silu& silu : list) silu.cost = chooser.cost(silu);
  const double all = std::accumulate(list.begin(), list.end(), 0.0,
                                     [](double sum, const Silu& s) { return sum + s.cost; });
  std::erase_if(list, [&](const Silu& s) { return s.cost < kWorthTrying * all; });
  keep_costliest(list);
  chooser.plan(kTrials * list.size());
  for (const Silu& silu : list) chooser.choose(silu);
}

}  // namespace octet
