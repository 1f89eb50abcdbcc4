// Quantiles of durations in fixed memory, for a process that runs for months. It is a histogram
// from a tenth of a millisecond to a day, in which each cell is 2 % wider than the one before.
#pragma once

#include <algorithm>
#include <array>
#include <chrono>
#include <cmath>
#include <cstdint>

namespace octet {

class DurationHistogram {
 public:
  using Milliseconds = std::chrono::duration<double, std::milli>;

  void add(Milliseconds value) {
    ++cells_[cell_of(value.count())];
    ++count_;
  }
  [[nodiscard]] int64_t count() const { return count_; }
  // The quantile of `share` (0 to 1), within 1 %. Returns 0 without values.
  [[nodiscard]] double quantile_ms(double share) const {
    if (count_ == 0) return 0;
    const auto rank =
        std::max<int64_t>(1, std::llround(std::ceil(share * static_cast<double>(count_))));
    int64_t seen = 0;
    for (size_t i = 0; i < cells_.size(); ++i) {
      seen += cells_[i];
      if (seen >= rank) return kLeast * std::pow(kGrowth, static_cast<double>(i) + 0.5);
    }
    return 0;
  }

 private:
  static constexpr double kLeast = 0.1;
  static constexpr double kGrowth = 1.02;

  static size_t cell_of(double ms) {
    if (!(ms > kLeast)) return 0;
    const double cell = std::log(ms / kLeast) / std::log(kGrowth);
    return std::min(static_cast<size_t>(cell), std::tuple_size_v<decltype(cells_)> - 1);
  }

  std::array<int64_t, 1040> cells_{};
  int64_t count_ = 0;
};

}  // namespace octet
