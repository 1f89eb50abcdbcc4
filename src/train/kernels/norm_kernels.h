// The inner loops of normalization and SiLU, over rows of channels (channels last). The factors and
// sums of channels lie in rows, repeated to a length that is wide enough for vector instructions.
// The loops take one such row of values at a time, and the last may be shorter.
#pragma once

#include <cstdint>
#include <span>

namespace octet {

// sum += x − shift, square += (x − shift)²
void add_moments(std::span<const float> x, std::span<const float> shift, std::span<float> sum,
                 std::span<float> square);

// y = silu(x · factor + offset)
void scaled_silu(std::span<const float> x, std::span<float> y, std::span<const float> factor,
                 std::span<const float> offset);

struct NormRow {
  std::span<const float> factor, offset, mean;
};

// dz, the gradient of z = x · factor + offset, from dy, that of silu(z); sum += dz and
// weighted += dz · (x − mean).
void scaled_silu_backward(std::span<const float> x, std::span<const float> dy, std::span<float> dz,
                          const NormRow& norm, std::span<float> sum, std::span<float> weighted);

struct NormGradientRow {
  std::span<const float> factor, slope, mean, offset;
};

// dz becomes dz · factor + (x − mean) · slope + offset
void norm_backward(std::span<const float> x, std::span<float> dz, const NormGradientRow& row);

// Between float32 and bfloat16, given as its bits; rounded half to even.
void widen(std::span<const uint16_t> from, std::span<float> to);
void narrow(std::span<const float> from, std::span<uint16_t> to);

}  // namespace octet
