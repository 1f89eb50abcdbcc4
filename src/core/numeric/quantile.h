// A value below which that share of the values lies; 0 where there are none.
#pragma once

#include <algorithm>
#include <cstddef>
#include <vector>

namespace octet {

// `values` are put into another order.
[[nodiscard]] inline double quantile(std::vector<double>& values, double share) {
  if (values.empty()) return 0;
  const auto at = static_cast<std::ptrdiff_t>(share * static_cast<double>(values.size() - 1));
  std::nth_element(values.begin(), values.begin() + at, values.end());
  return values[static_cast<size_t>(at)];
}

}  // namespace octet
