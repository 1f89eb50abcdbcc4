// The inner loops of fake quantization, over flat arrays.
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
