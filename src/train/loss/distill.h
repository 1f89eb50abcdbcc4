// How far the outputs of one network are from those of another, as detections would feel it. Cells
// count by what the other, the teacher, sees in them: its highest class probability.
//   classes     divergence of the probabilities, over all cells; logits too low for any detection
//               are equal
//   boxes       divergence of the distributions of the four sides
//   keypoints   1 − OKS with the teacher's keypoints as truth; visibility: divergence
#pragma once

#include <span>
#include <string>
#include <vector>

#include "model/model.h"
#include "train/torch.h"

namespace octet {

struct DistillGains {
  double cls = 1.0, box = 0.5, keypoint = 4.0, visibility = 0.5;
};

class Distillation {
 public:
  explicit Distillation(const Model& model, DistillGains gains = {});

  // Both as GraphExecutor::forward() gives them. One number, with a gradient for the student.
  [[nodiscard]] torch::Tensor operator()(const std::vector<torch::Tensor>& student,
                                         const std::vector<torch::Tensor>& teacher) const;

 private:
  ModelInfo info_;
  std::vector<Output> outputs_;
  DistillGains gains_;
};

// Where the network's paths part: activations that several nodes use, in order. There the features
// of two networks are compared.
[[nodiscard]] std::vector<std::string> shared_features(const Graph& graph);

// Mean over pairs of features of |student − teacher|² / |teacher|², with a gradient for the
// student.
[[nodiscard]] torch::Tensor feature_distance(std::span<const torch::Tensor> student,
                                             std::span<const torch::Tensor> teacher);

}  // namespace octet
