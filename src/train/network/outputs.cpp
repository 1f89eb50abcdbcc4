#include "train/network/outputs.h"

namespace octet {

torch::Tensor joined(const std::vector<torch::Tensor>& tensors, const std::vector<Output>& outputs,
                     const ModelInfo& info, OutputRole role) {
  std::vector<torch::Tensor> parts;
  for (const int stride : info.head.strides) {
    for (size_t i = 0; i < outputs.size(); ++i) {
      if (outputs[i].role == role && outputs[i].stride == stride)
        parts.push_back(tensors[i].flatten(2).transpose(1, 2));
    }
  }
  return torch::cat(parts, 1);
}

torch::Tensor keypoint_offsets(const std::vector<torch::Tensor>& tensors,
                               const std::vector<Output>& outputs, const ModelInfo& info) {
  std::vector<torch::Tensor> parts;
  for (const int stride : info.head.strides) {
    std::vector<torch::Tensor> same;  // (N, 1 or 2, keypoints, 2, cells)
    for (size_t i = 0; i < outputs.size(); ++i) {
      const bool points =
          outputs[i].role == OutputRole::kKeypoint || outputs[i].role == OutputRole::kFineKeypoint;
      if (points && outputs[i].stride == stride)
        same.push_back(tensors[i].flatten(2).unflatten(1, {-1, info.head.keypoints, 2}));
    }
    parts.push_back(torch::cat(same, 1).mean(1));
  }
  return torch::cat(parts, 3).permute({0, 3, 1, 2});
}

}  // namespace octet
