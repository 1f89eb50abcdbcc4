// Every operator as libtorch computes it, with gradients: one function each. Values are (N, C, H, W).
#pragma once

#include <span>
#include <vector>

#include "graph/graph.h"
#include "train/torch.h"

namespace octet {

using TorchInputs = std::span<const torch::Tensor>;

[[nodiscard]] torch::Tensor compute(const Activation& op, TorchInputs in);
[[nodiscard]] torch::Tensor compute(const Add& op, TorchInputs in);
[[nodiscard]] torch::Tensor compute(const Concat& op, TorchInputs in);
[[nodiscard]] torch::Tensor compute(const Slice& op, TorchInputs in);
[[nodiscard]] torch::Tensor compute(const MaxPool& op, TorchInputs in);
[[nodiscard]] torch::Tensor compute(const AvgPool& op, TorchInputs in);
[[nodiscard]] torch::Tensor compute(const ResizeNearest& op, TorchInputs in);

// A convolution of other weights than the operator holds.
[[nodiscard]] torch::Tensor compute(const Conv2d& op, const torch::Tensor& x,
                                    const torch::Tensor& weight, const torch::Tensor& bias);

// A node without tensors. Throws an Error for one that has some.
[[nodiscard]] torch::Tensor apply_plain(const Node& node, TorchInputs inputs);

[[nodiscard]] torch::Tensor to_torch(const Tensor& tensor);

}  // namespace octet
