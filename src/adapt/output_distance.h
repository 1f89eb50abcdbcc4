// The distance of a network's outputs from those of another, in terms of detections. A cell weighs
// as much as the other network sees in it: its highest class probability. The parts are those of
// train/loss/distill.h, without a gradient and without libtorch:
//   classes     divergence of the probabilities; logits too low for any detection are equal
//   boxes       divergence of the distributions of the four sides
//   keypoints   1 − OKS with the other keypoints as truth; visibility: divergence
#pragma once

#include <map>
#include <string>
#include <vector>

#include "model/model.h"

namespace octet {

// By the names of outputs in exports: (channels, height · width).
using OutputValues = std::map<std::string, std::vector<float>>;

class OutputDistance {
 public:
  explicit OutputDistance(const Model& model);

  // Adds one image. Both have every output of the model, and as many cells. Fine keypoints may be
  // missing.
  void add(const OutputValues& found, const OutputValues& wanted);
  // Of all images together. 0: the outputs are equal.
  [[nodiscard]] double value() const;

 private:
  struct Scale;  // the outputs at one stride
  [[nodiscard]] const std::vector<float>* part(const OutputValues& values, OutputRole role,
                                               int stride) const;
  void add_cell(const Scale& found, const Scale& wanted, size_t cell);
  [[nodiscard]] double class_divergence(const Scale& found, const Scale& wanted, size_t cell) const;
  // Of the sides' distributions; sets the area of the wanted box in squares of the stride.
  [[nodiscard]] double box_divergence(const Scale& found, const Scale& wanted, size_t cell,
                                      double& area) const;
  [[nodiscard]] double keypoint_distance(const Scale& found, const Scale& wanted, size_t cell,
                                         double area) const;

  ModelInfo info_;
  std::vector<Output> outputs_;
  std::vector<double> sigmas_;  // of keypoints
  double sum_ = 0, weight_ = 0;
};

}  // namespace octet
