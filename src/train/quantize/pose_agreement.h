// How far the keypoints of a pose network are from those of its float network. No labels are needed.
#pragma once

#include <optional>
#include <span>
#include <vector>

#include "model/model.h"
#include "train/data/crops.h"
#include "train/torch.h"

namespace octet {

// Of keypoints that the float network sees: with a confidence above 0.3.
struct PoseAgreement {
  int64_t persons = 0;  // with such a keypoint
  int64_t keypoints = 0;
  // The mean object keypoint similarity over persons, with the float network's keypoints as truth and
  // 0.53 of the box as area. Only where the crops are of persons.
  std::optional<double> oks;
  double median = 0, p95 = 0;  // distances, in parts of the input's longer side
};

// `found` and `wanted`: outputs of `model` and of its float network on `crops`, (N, C, h, w) each, in
// the processor's memory. `model` has a PoseHead.
[[nodiscard]] PoseAgreement pose_agreement(const Model& model,
                                           const std::vector<torch::Tensor>& found,
                                           const std::vector<torch::Tensor>& wanted,
                                           std::span<const PictureCrop> crops);

}  // namespace octet
