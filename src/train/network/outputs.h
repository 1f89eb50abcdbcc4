// Joins a network's outputs over all strides, for losses and distances.
#pragma once

#include <vector>

#include "model/model.h"
#include "train/torch.h"

namespace octet {

// All cells of one role, ascending by stride: (N, A, channels). `tensors` are those of `outputs`,
// as GraphExecutor::forward() gives them. Throws std::exception when there are none.
[[nodiscard]] torch::Tensor joined(const std::vector<torch::Tensor>& tensors,
                                   const std::vector<Output>& outputs, const ModelInfo& info,
                                   OutputRole role);

// Offsets of keypoints in units of two strides, (N, A, keypoints, 2): the means with the fine ones
// at strides where the network has these.
[[nodiscard]] torch::Tensor keypoint_offsets(const std::vector<torch::Tensor>& tensors,
                                             const std::vector<Output>& outputs,
                                             const ModelInfo& info);

}  // namespace octet
