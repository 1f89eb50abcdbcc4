// The inner loops of fake quantization and of quantization, over flat arrays.
#pragma once

#include <cstdint>
#include <span>

namespace octet {

struct GridPoint {  // of a quantizer
  float scale = 1;
  float zero_point = 0;
};

// What a function of a quantized value does at each of its 256 steps: its value, its slope, and how
// its value changes with the scale of the result. 256 numbers each.
struct StepTables {
  const float* value = nullptr;
  const float* slope = nullptr;
  const float* by_out_scale = nullptr;
};

// y = value[q(x)]
void tables_forward(std::span<const float> x, std::span<float> y, GridPoint grid,
                    const StepTables& tables);

// A convolution's sums of products (rows, channels) to steps of its output from the zero point, as
// the integer reference scales them: y = clamp(round((sum + bias) · factor), low, high), half to
// even.
struct Rescaling {
  std::span<const double> bias;    // one a channel
  std::span<const float> factors;  // one a channel
  float low = 0, high = 0;
};
void rescale_sums(std::span<const float> sums, std::span<float> y, const Rescaling& r);

struct ScaleGradients {
  double in = 0, out = 0;
};
// dx from dy, and the gradients of both scales. Clamped values pass nothing on.
[[nodiscard]] ScaleGradients tables_backward(std::span<const float> x, std::span<const float> dy,
                                             std::span<float> dx, GridPoint grid,
                                             const StepTables& tables);

// One output channel of weights.
void weights_forward(std::span<const float> w, std::span<float> y, float scale, float limit);
[[nodiscard]] double weights_backward(std::span<const float> w, std::span<const float> dy,
                                      std::span<float> dw, float scale, float limit);

}  // namespace octet
