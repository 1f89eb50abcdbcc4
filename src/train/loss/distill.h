// The distance of a student's outputs from those of a teacher, in terms of detections. A cell
// weighs as much as the teacher sees in it: its highest class probability.
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

  // Both have the form of GraphExecutor::forward(). Returns one number, with a gradient for the
  // student.
  [[nodiscard]] torch::Tensor operator()(const std::vector<torch::Tensor>& student,
                                         const std::vector<torch::Tensor>& teacher) const;

 private:
  ModelInfo info_;
  std::vector<Output> outputs_;
  DistillGains gains_;
};

// Returns the activations with several consumers, in order. The features of two networks are
// compared there.
[[nodiscard]] std::vector<std::string> shared_features(const Graph& graph);

// Returns the mean of |student − teacher|² / |teacher|² over pairs of features, with a gradient for
// the student.
[[nodiscard]] torch::Tensor feature_distance(std::span<const torch::Tensor> student,
                                             std::span<const torch::Tensor> teacher);

}  // namespace octet
