#include "core/numeric/rank_correlation.h"

#include <algorithm>
#include <cmath>
#include <numeric>
#include <vector>

namespace octet {
namespace {

// The rank of each value, from 0, minus the mean rank.
std::vector<double> centred_ranks(std::span<const double> values) {
  std::vector<size_t> order(values.size());
  std::iota(order.begin(), order.end(), size_t{0});
  std::sort(order.begin(), order.end(), [&](size_t a, size_t b) { return values[a] < values[b]; });
  std::vector<double> ranks(values.size());
  for (size_t first = 0, end = 0; first < order.size(); first = end) {
    do ++end;
    while (end < order.size() && values[order[end]] == values[order[first]]);
    const double shared =
        (static_cast<double>(first + end) - static_cast<double>(order.size())) / 2;
    for (size_t i = first; i < end; ++i) ranks[order[i]] = shared;
  }
  return ranks;
}

}  // namespace

double rank_correlation(std::span<const double> a, std::span<const double> b) {
  const std::vector<double> x = centred_ranks(a);
  const std::vector<double> y = centred_ranks(b);
  const auto product = [](const std::vector<double>& p, const std::vector<double>& q) {
    return std::inner_product(p.begin(), p.end(), q.begin(), 0.0);
  };
  const double spread = std::sqrt(product(x, x) * product(y, y));
  return spread > 0 ? product(x, y) / spread : 0;
}

}  // namespace octet
