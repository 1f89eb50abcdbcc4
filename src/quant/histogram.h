// The distribution of one value over any number of images, in bounded memory, and the range for its
// quantization.
#pragma once

#include <cstdint>
#include <span>
#include <string_view>
#include <vector>

namespace octet {

enum class RangeMethod { kMinMax, kPercentile, kSquaredError, kEntropy };
[[nodiscard]] std::string_view range_method_name(RangeMethod method);
inline constexpr RangeMethod kRangeMethods[] = {RangeMethod::kMinMax, RangeMethod::kPercentile,
                                                RangeMethod::kSquaredError, RangeMethod::kEntropy};

struct ValueRange {
  double low = 0;
  double high = 0;
};

// Bins of equal width around zero. When a value lies outside, neighbouring bins are merged and the
// width doubles.
class Histogram {
 public:
  void add(std::span<const float> values);

  [[nodiscard]] int64_t count() const { return count_; }
  [[nodiscard]] ValueRange extent() const { return {low_, high_}; }  // smallest and largest seen
  // Percentile keeps all but 1e-5 of the values at each end. Squared error minimizes the MSE of
  // rounding and clamping to 256 steps. Entropy minimizes the KL divergence of the quantized
  // distribution from the original (Migacz, "8-bit inference with TensorRT", 2017).
  [[nodiscard]] ValueRange range(RangeMethod method) const;

 private:
  void widen();
  [[nodiscard]] double centre(size_t bin) const;
  [[nodiscard]] ValueRange percentile(double tail) const;
  template <typename Cost>
  [[nodiscard]] ValueRange search(Cost&& cost) const;
  [[nodiscard]] double squared_error(ValueRange range) const;
  [[nodiscard]] double divergence(ValueRange range) const;

  std::vector<double> bins_;
  double width_ = 0;  // of a bin
  int64_t count_ = 0;
  double low_ = 0, high_ = 0;
};

}  // namespace octet
