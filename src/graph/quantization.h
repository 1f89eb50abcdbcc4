// The int8 parameters of a network. The real value of an integer q is scale × (q − zero_point).
// Activations are int8, per tensor, asymmetric; weights int8, per output channel, symmetric; biases
// int32 with the scale input scale × weight scale (the float32 product).
#pragma once

#include <cstdint>
#include <map>
#include <string>
#include <vector>

namespace octet {

inline constexpr int kInt8Min = -128;
inline constexpr int kInt8Max = 127;

struct QuantParams {
  float scale = 1.0F;
  int zero_point = 0;

  [[nodiscard]] float low() const { return scale * static_cast<float>(kInt8Min - zero_point); }
  [[nodiscard]] float high() const { return scale * static_cast<float>(kInt8Max - zero_point); }
  bool operator==(const QuantParams&) const = default;
};

// Parameters that are fixed by their meaning: a byte of an image over 255, and the value of a
// sigmoid.
inline constexpr QuantParams kImageParams{.scale = 1.0F / 255, .zero_point = kInt8Min};
inline constexpr QuantParams kSigmoidParams{.scale = 1.0F / 256, .zero_point = kInt8Min};

// The integers that weights may have.
struct WeightGrid {
  int bits = 8;       // within ±127; 7: ±63, for processors that saturate
  bool even = false;  // for engines that round in their own ways (quant/rounding_safe_scales.h)

  // A weight is at most limit() units. A unit is unit() steps of int8.
  [[nodiscard]] constexpr int limit() const { return ((1 << (bits - 1)) - 1) / unit(); }
  [[nodiscard]] constexpr int unit() const { return even ? 2 : 1; }
};

struct QuantizedConv {
  std::vector<float> scales;   // (O)
  std::vector<int8_t> weight;  // as Conv2d::weight
  std::vector<int32_t> bias;   // (O)
};

// The parameters of a network. A value without an entry is computed in float. The sigmoid inside
// SiLU is not a value of the graph. It has kSigmoidParams where the convolution before it is
// quantized.
struct Quantization {
  WeightGrid weight_grid;
  std::map<std::string, QuantParams> values;
  std::map<std::string, QuantizedConv> convs;

  [[nodiscard]] bool empty() const { return values.empty(); }
  // The number of bits of weights; 0: float weights.
  [[nodiscard]] int weight_bits_or_zero() const { return empty() ? 0 : weight_grid.bits; }
  [[nodiscard]] const QuantParams* find(const std::string& value) const {
    const auto at = values.find(value);
    return at == values.end() ? nullptr : &at->second;
  }
};

// Whether the sum of two products of such weights and bytes can overflow 16 bits. 0: float weights.
[[nodiscard]] constexpr bool can_saturate(int bits) { return bits == 8; }

}  // namespace octet
