// Batch normalization with batch statistics and the following SiLU, as one differentiable function.
// It takes two passes each way over values that fit into the cache. libtorch's operations take
// several times as long, above all in bfloat16.
#pragma once

#include "train/torch.h"

namespace octet {

// One BatchNorm: (C) each, float32 in the processor's memory.
struct NormTensors {
  torch::Tensor gamma, beta;
  torch::Tensor mean, variance;  // running, updated in place
  double momentum = 0, epsilon = 0;
};

// x (N, C, H, W), float32 or bfloat16, in the processor's memory. The same as
// silu(torch::batch_norm(x, …)) in training, with gradients for x, gamma and beta.
[[nodiscard]] torch::Tensor norm_silu(const torch::Tensor& x, const NormTensors& norm);

}  // namespace octet
