// Computes every operator with libtorch and gradients, one function each. Values are (N, C, H, W).
#pragma once

#include <span>
#include <vector>

#include "graph/graph.h"
#include "train/torch.h"

namespace octet {

using TorchInputs = std::span<const torch::Tensor>;

[[nodiscard]] torch::Tensor compute(const Activation& op, TorchInputs in);
[[nodiscard]] torch::Tensor compute(const TransposedConv2d& op, TorchInputs in);
[[nodiscard]] torch::Tensor compute(const Prelu& op, TorchInputs in);
[[nodiscard]] torch::Tensor compute(const Add& op, TorchInputs in);
[[nodiscard]] torch::Tensor compute(const Mul& op, TorchInputs in);
[[nodiscard]] torch::Tensor compute(const Concat& op, TorchInputs in);
[[nodiscard]] torch::Tensor compute(const Slice& op, TorchInputs in);
[[nodiscard]] torch::Tensor compute(const Pad& op, TorchInputs in);
[[nodiscard]] torch::Tensor compute(const MaxPool& op, TorchInputs in);
[[nodiscard]] torch::Tensor compute(const AvgPool& op, TorchInputs in);
[[nodiscard]] torch::Tensor compute(const GlobalAvgPool& op, TorchInputs in);
[[nodiscard]] torch::Tensor compute(const ResizeNearest& op, TorchInputs in);
[[nodiscard]] torch::Tensor compute(const ResizeBilinear& op, TorchInputs in);
[[nodiscard]] torch::Tensor compute(const ChannelShuffle& op, TorchInputs in);
[[nodiscard]] torch::Tensor compute(const Crop& op, TorchInputs in);
[[nodiscard]] torch::Tensor compute(const DepthToSpace& op, TorchInputs in);

// Computes a convolution with other weights than those of the operator.
[[nodiscard]] torch::Tensor compute(const Conv2d& op, const torch::Tensor& x,
                                    const torch::Tensor& weight, const torch::Tensor& bias);

// A quarter of the smallest part of a step that interpolation between the integers `x` makes. Where it
// is added, rounding gives what the integer reference gives, which rounds halves up. Half of the part
// would make a half of the value below it, where a step has an odd number of parts.
[[nodiscard]] double quarter_part(const ResizeBilinear& op, const torch::Tensor& x);

// Computes a node without tensors. Throws an Error for a node with tensors.
[[nodiscard]] torch::Tensor apply_plain(const Node& node, TorchInputs inputs);

[[nodiscard]] torch::Tensor to_torch(const Tensor& tensor);

}  // namespace octet
