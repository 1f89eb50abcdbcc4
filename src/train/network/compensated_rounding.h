// Weights are rounded one after the other, and those that are still to come take back what this changes
// of the convolution's output (Frantar et al., "GPTQ", 2023, after Hassibi and Stork, 1993). The output
// stays nearer than with each weight at its nearest step, above all where inputs are alike.
#pragma once

#include "graph/graph.h"
#include "train/torch.h"

namespace octet {

// `weight` (O, C / groups, h, w) of the convolution on the grid of `scales` (O): integers from -limit to
// limit times the scale. `x` are usual inputs, (N, C, H, W). Each weight gets its nearest step where
// a channel has so many that this would take minutes, and where inputs are not numbers.
[[nodiscard]] torch::Tensor round_compensated(const Conv2d& op, const torch::Tensor& weight,
                                              const torch::Tensor& x, const torch::Tensor& scales,
                                              int64_t limit);

}  // namespace octet
