#include "quant/params.h"

#include <algorithm>
#include <limits>

namespace octet {
namespace {

constexpr int kScaleBits = 16;
constexpr double kBiasSteps = 1 << 30;
constexpr int kShares = 41;  // of the largest weight, 0.6 … 1
constexpr double kLeastShare = 0.6;

double squared_error(std::span<const float> weights, double scale, int limit) {
  double sum = 0;
  for (const float w : weights) {
    const double q = std::clamp(std::nearbyint(w / scale), -1.0 * limit, 1.0 * limit);
    const double e = w - q * scale;
    sum += e * e;
  }
  return sum;
}

std::span<const float> channel(const Tensor& weight, size_t index) {
  const size_t size = weight.values.size() / static_cast<size_t>(weight.shape[0]);
  return std::span(weight.values).subspan(index * size, size);
}

float best_scale(std::span<const float> weights, int limit) {
  double largest = 0;
  for (const float w : weights) largest = std::max(largest, std::abs(static_cast<double>(w)));
  double best = 0;
  double least = std::numeric_limits<double>::max();
  for (int i = 0; i < kShares && largest > 0; ++i) {
    const double share = kLeastShare + (1 - kLeastShare) * i / (kShares - 1);
    const double error = squared_error(weights, largest * share / limit, limit);
    if (error > least) continue;
    least = error;
    best = largest * share / limit;
  }
  return static_cast<float>(best);
}

// To the nearest in the middle between two units.
int32_t rounded_bias(double steps, int unit) {
  const int middle = unit / 2;
  return static_cast<int32_t>(std::nearbyint((steps - middle) / unit)) * unit + middle;
}

}  // namespace

float round_scale(double scale) {
  int exponent = 0;
  const double mantissa = std::frexp(scale, &exponent);
  return static_cast<float>(
      std::ldexp(std::nearbyint(std::ldexp(mantissa, kScaleBits)), exponent - kScaleBits));
}

QuantParams params_for_range(double low, double high) {
  low = std::min(low, 0.0);
  high = std::max(high, 0.0);
  constexpr double kSteps = kInt8Max - kInt8Min;
  constexpr double kLeast = 1e-8;  // a value that is always zero still has a scale
  QuantParams p{.scale = round_scale(std::max((high - low) / kSteps, kLeast)), .zero_point = 0};
  p.zero_point = static_cast<int>(
      std::clamp(std::nearbyint(kInt8Min - low / p.scale), 1.0 * kInt8Min, 1.0 * kInt8Max));
  return p;
}

std::vector<float> weight_scales(const Tensor& weight, const WeightGrid& grid) {
  std::vector<float> scales;
  float smallest = std::numeric_limits<float>::max();
  for (size_t c = 0; c < static_cast<size_t>(weight.shape[0]); ++c) {
    scales.push_back(best_scale(channel(weight, c), grid.limit()));
    if (scales.back() > 0) smallest = std::min(smallest, scales.back());
  }
  if (smallest == std::numeric_limits<float>::max()) smallest = 1;
  for (float& s : scales) s = s > 0 ? s : smallest;
  return scales;
}

QuantizedConv quantize_conv(const Conv2d& conv, std::vector<float> scales, const QuantParams& input,
                            const WeightGrid& grid) {
  const auto limit = static_cast<float>(grid.limit());
  const auto unit = static_cast<float>(grid.unit());
  QuantizedConv q;
  for (size_t c = 0; c < scales.size(); ++c) {
    const double bias = conv.bias.empty() ? 0 : conv.bias.values[c];
    scales[c] /= unit;
    while (std::abs(bias) >= kBiasSteps * (input.scale * scales[c])) scales[c] *= 2;
    // Divided in float32, as the trainer does: some weight always lies next to a half step.
    const float step = scales[c] * unit;
    for (const float w : channel(conv.weight, c))
      q.weight.push_back(
          static_cast<int8_t>(std::clamp(std::nearbyint(w / step), -limit, limit) * unit));
    q.bias.push_back(rounded_bias(bias / (input.scale * scales[c]), grid.unit()));
  }
  q.scales = std::move(scales);
  return q;
}

float slope_scale(const Tensor& slope) {
  double largest = 0;
  for (const float s : slope.values) largest = std::max(largest, std::abs(static_cast<double>(s)));
  return largest > 0 ? round_scale(largest / kInt8Max) : 1.0F;
}

void round_slopes(Tensor& slope) {
  const float scale = slope_scale(slope);
  for (float& s : slope.values) s = dequantize(quantize(s, {scale, 0}), {scale, 0});
}

void dequantize_into(Conv2d& conv, const QuantizedConv& q, const QuantParams& input) {
  const size_t per_channel = q.weight.size() / q.scales.size();
  for (size_t i = 0; i < q.weight.size(); ++i)
    conv.weight.values[i] = static_cast<float>(q.weight[i]) * q.scales[i / per_channel];
  conv.bias = {{static_cast<int64_t>(q.scales.size())}, std::vector<float>(q.scales.size())};
  for (size_t c = 0; c < q.scales.size(); ++c)
    conv.bias.values[c] = static_cast<float>(static_cast<double>(q.bias[c]) *
                                             static_cast<double>(input.scale * q.scales[c]));
}

}  // namespace octet
