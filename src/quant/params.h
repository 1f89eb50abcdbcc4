// Integer parameters from real ranges, and integers from real values.
#pragma once

#include <cmath>
#include <span>

#include "graph/graph.h"
#include "graph/quantization.h"

namespace octet {

// Rounds to 16 significant bits. Every limit k·scale, |k| ≤ 256, is then exact in float32, and a
// reader of any format finds the same bits.
[[nodiscard]] float round_scale(double scale);

// Returns parameters whose 256 steps cover [low, high] and zero.
[[nodiscard]] QuantParams params_for_range(double low, double high);

[[nodiscard]] inline int8_t quantize(double value, const QuantParams& p) {
  const double q = std::nearbyint(value / p.scale) + p.zero_point;
  return static_cast<int8_t>(q < kInt8Min ? kInt8Min : q > kInt8Max ? kInt8Max : q);
}
[[nodiscard]] inline float dequantize(int q, const QuantParams& p) {
  return p.scale * static_cast<float>(q - p.zero_point);
}

// Returns the scale of a unit for each output channel. It minimizes the squared error of the
// rounded and clamped weights, among fractions of the largest weight. An all-zero channel takes the
// smallest scale of the layer.
[[nodiscard]] std::vector<float> weight_scales(const Tensor& weight, const WeightGrid& grid);

// Returns the integers for given scales of units. A channel's scale is first raised until its bias
// is below 2^30 steps.
[[nodiscard]] QuantizedConv quantize_conv(const Conv2d& conv, std::vector<float> scales,
                                          const QuantParams& input, const WeightGrid& grid);

// The step of a PReLU's slopes. Slopes that are whole steps of it have the same one again.
[[nodiscard]] float slope_scale(const Tensor& slope);
// Rounds slopes to whole steps.
void round_slopes(Tensor& slope);

// Sets the real values of the integers.
void dequantize_into(Conv2d& conv, const QuantizedConv& q, const QuantParams& input);

}  // namespace octet
