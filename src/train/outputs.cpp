#include "train/outputs.h"

#include <algorithm>

namespace octet {

torch::Tensor joined(const std::vector<torch::Tensor>& tensors, const std::vector<Output>& outputs,
                     const ModelInfo& info, OutputRole role) {
  std::vector<torch::Tensor> parts;
  for (const int stride : info.strides) {
    for (size_t i = 0; i < outputs.size(); ++i) {
      if (outputs[i].role == role && outputs[i].stride == stride)
        parts.push_back(tensors[i].flatten(2).transpose(1, 2));
    }
  }
  return torch::cat(parts, 1);
}

torch::Tensor keypoint_offsets(const std::vector<torch::Tensor>& tensors,
                               const std::vector<Output>& outputs, const ModelInfo& info) {
  const auto offsets = [&](OutputRole role) {
    return joined(tensors, outputs, info, role).unflatten(2, {-1, info.keypoints, 2});
  };
  torch::Tensor all = offsets(OutputRole::kKeypoint);  // (N, A, 1, keypoints, 2)
  const bool fine = std::any_of(outputs.begin(), outputs.end(), [](const Output& o) {
    return o.role == OutputRole::kFineKeypoint;
  });
  if (fine) all = torch::cat({all, offsets(OutputRole::kFineKeypoint)}, 2);
  return all.mean(2);
}

}  // namespace octet
