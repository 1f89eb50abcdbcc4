// Quantization as a differentiable function: what integers will do, computed in float, with
// gradients for weights, values and scales by learned step sizes (Esser et al., "Learned Step Size
// Quantization", 2020): rounding passes the gradient through, clamping stops it, and a scale's
// gradient is divided by √(elements · 127).
#pragma once

#include "graph/graph.h"
#include "graph/quantization.h"
#include "train/torch.h"

namespace octet {

// A scale under training, and the zero point that goes with it.
struct LearnedParams {
  torch::Tensor scale;  // one element
  int zero_point = 0;

  [[nodiscard]] QuantParams now() const { return {scale.item<float>(), zero_point}; }
};

// Rounded and clamped to the 256 steps.
[[nodiscard]] torch::Tensor fake_quantize(const torch::Tensor& x, const LearnedParams& params);

// Weights (O, …) with one scale per output channel, within ±limit steps.
[[nodiscard]] torch::Tensor fake_quantize_weight(const torch::Tensor& weight,
                                                 const torch::Tensor& scales, int limit);

// x quantized to `in`, the activation in integers as engines compute it, the result quantized to
// `out`, in one pass. With ReLU and ReLU6, which are part of the convolution, `in` is `out`.
[[nodiscard]] torch::Tensor fake_quantized_activation(const torch::Tensor& x, ActivationKind kind,
                                                      const LearnedParams& in,
                                                      const LearnedParams& out);

}  // namespace octet
