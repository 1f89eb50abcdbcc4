// Quantization as a differentiable function. It computes the effect of integers in float, with
// gradients for weights, values and scales by learned step sizes (Esser et al., "Learned Step Size
// Quantization", 2020). Rounding passes the gradient through, clamping stops it, and the gradient
// of a scale is divided by √(elements · 127).
#pragma once

#include "graph/graph.h"
#include "graph/quantization.h"
#include "train/torch.h"

namespace octet {

// A scale under training, and its zero point.
struct LearnedParams {
  torch::Tensor scale;  // one element
  int zero_point = 0;

  [[nodiscard]] QuantParams now() const { return {scale.item<float>(), zero_point}; }
};

// Rounds and clamps to the 256 steps.
[[nodiscard]] torch::Tensor fake_quantize(const torch::Tensor& x, const LearnedParams& params);

// Weights (O, …) with one scale per output channel, within ±limit steps.
[[nodiscard]] torch::Tensor fake_quantize_weight(const torch::Tensor& weight,
                                                 const torch::Tensor& scales, int limit);

// Quantizes x to `in`, applies the activation in integers as engines do, and quantizes the result
// to `out`, in one pass. ReLU and ReLU6 are part of the convolution, so `in` is `out`.
[[nodiscard]] torch::Tensor fake_quantized_activation(const torch::Tensor& x, ActivationKind kind,
                                                      const LearnedParams& in,
                                                      const LearnedParams& out);

}  // namespace octet
