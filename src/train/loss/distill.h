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
  // student. `trust`: the weight of every cell, as trusted_cells() has it; undefined: 1.
  [[nodiscard]] torch::Tensor operator()(const std::vector<torch::Tensor>& student,
                                         const std::vector<torch::Tensor>& teacher,
                                         const torch::Tensor& trust = {}) const;

  // For the curvature where both are equal, since the distance has no gradient there. Returns the
  // outputs times random factors, as one number. Let g be its gradient for anything in the
  // network. The mean of g² over many draws is the second derivative of the distance
  // (Gauss-Newton, with probes of random signs: Hutchinson, "A stochastic estimator of the trace",
  // 1990).
  [[nodiscard]] torch::Tensor probe(const std::vector<torch::Tensor>& outputs,
                                    const at::Generator& random) const;

 private:
  struct Cells;
  [[nodiscard]] torch::Tensor all(const std::vector<torch::Tensor>& outputs, OutputRole role) const;
  [[nodiscard]] torch::Tensor class_logits(const std::vector<torch::Tensor>& outputs) const;
  [[nodiscard]] torch::Tensor side_logits(const std::vector<torch::Tensor>& outputs) const;
  [[nodiscard]] torch::Tensor points(const std::vector<torch::Tensor>& outputs) const;
  [[nodiscard]] torch::Tensor reach(const torch::Tensor& sides) const;
  [[nodiscard]] torch::Tensor pose_distance(const std::vector<torch::Tensor>& student,
                                            const std::vector<torch::Tensor>& teacher,
                                            const Cells& cells) const;
  [[nodiscard]] torch::Tensor pose_probe(const std::vector<torch::Tensor>& outputs,
                                         const Cells& cells, const at::Generator& random) const;

  ModelInfo info_;
  std::vector<Output> outputs_;
  DistillGains gains_;
};

// Where the teacher of a student with fewer scales has nothing to say: it saw an object at a scale
// that the student lacks, so its neighbouring scale sees none there, and the student's has to. Returns
// (N, A) of 0 and 1 for the cells of the student's strides; undefined where it has all scales.
// `teacher`: of all its outputs, whose meaning is `outputs`.
[[nodiscard]] torch::Tensor trusted_cells(const std::vector<torch::Tensor>& teacher,
                                          const std::vector<Output>& outputs,
                                          const std::vector<int>& strides);

// Returns the activations with several consumers, in order. The features of two networks are
// compared there.
[[nodiscard]] std::vector<std::string> shared_features(const Graph& graph);

// Returns the mean of |student − teacher|² / |teacher|² over pairs of features, with a gradient for
// the student. Where they have different numbers of channels, the student's go through the linear
// map that fits best (least squares over the batch). Nothing has to be known of the channels that
// pruning kept, and the map is no part of a run.
[[nodiscard]] torch::Tensor feature_distance(std::span<const torch::Tensor> student,
                                             std::span<const torch::Tensor> teacher);

}  // namespace octet
