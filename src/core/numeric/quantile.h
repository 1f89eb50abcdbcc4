// The quantile of some values; 0 where there are none.
#pragma once

#include <algorithm>
#include <cstddef>
#include <vector>

namespace octet {

// Changes the order of `values`.
[[nodiscard]] inline double quantile(std::vector<double>& values, double share) {
  if (values.empty()) return 0;
  const auto at = static_cast<std::ptrdiff_t>(share * static_cast<double>(values.size() - 1));
  std::nth_element(values.begin(), values.begin() + at, values.end());
  return values[static_cast<size_t>(at)];
}

}  // namespace octet
