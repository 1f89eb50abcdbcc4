// The quantile and the median of some values; 0 where there are none.
#pragma once

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <vector>

namespace octet {

// The smallest value that at least this share (0 to 1) of the values does not exceed, as
// DurationHistogram has it. So the p99 of fewer than 100 values is the largest. Changes the order.
[[nodiscard]] inline double quantile(std::vector<double>& values, double share) {
  if (values.empty()) return 0;
  constexpr double kRounding = 1e-9;  // 0.07 · 100 is a little more than 7
  const double rank = std::ceil(share * static_cast<double>(values.size()) - kRounding);
  const auto at = std::max<std::ptrdiff_t>(0, static_cast<std::ptrdiff_t>(rank) - 1);
  std::nth_element(values.begin(), values.begin() + at, values.end());
  return values[static_cast<size_t>(at)];
}

// Of an even number, the mean of the middle two.
[[nodiscard]] inline double median(std::vector<double> values) {
  const double low = quantile(values, 0.5);
  if (values.empty() || values.size() % 2 != 0) return low;
  const auto middle = values.begin() + static_cast<std::ptrdiff_t>(values.size() / 2);
  return (low + *std::min_element(middle, values.end())) / 2;
}

}  // namespace octet
