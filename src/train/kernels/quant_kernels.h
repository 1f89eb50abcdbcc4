// The inner loops of fake quantization and of quantization, over flat arrays.
#pragma once

#include <cstdint>
#include <span>

namespace octet {

struct GridPoint {  // of a quantizer
  float scale = 1;
  float zero_point = 0;
};

// The tables of a function of a quantized value, with 256 numbers each: its value, its slope, and
// the derivative of its value by the scale of the result.
struct StepTables {
  const float* value = nullptr;
  const float* slope = nullptr;
  const float* by_out_scale = nullptr;
};

// y = value[q(x)]
void tables_forward(std::span<const float> x, std::span<float> y, GridPoint grid,
                    const StepTables& tables);

// Requantizes a convolution's sums of products (rows, channels) as the integer reference does: y =
// clamp(round((sum + bias) · factor), low, high), half to even, in steps from the zero point.
struct Rescaling {
  std::span<const double> bias;    // one a channel
  std::span<const float> factors;  // one a channel
  float low = 0, high = 0;
};
void rescale_sums(std::span<const float> sums, std::span<float> y, const Rescaling& r);

struct ScaleGradients {
  double in = 0, out = 0;
};
// Computes dx from dy, and the gradients of both scales. Clamped values have no gradient.
[[nodiscard]] ScaleGradients tables_backward(std::span<const float> x, std::span<const float> dy,
                                             std::span<float> dx, GridPoint grid,
                                             const StepTables& tables);

// One output channel of weights.
void weights_forward(std::span<const float> w, std::span<float> y, float scale, float limit);
[[nodiscard]] double weights_backward(std::span<const float> w, std::span<const float> dy,
                                      std::span<float> dw, float scale, float limit);

}  // namespace octet
