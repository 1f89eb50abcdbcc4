// A float model that a network under training learns from: by its outputs, by its features, and by
// labels beside it. Quantization-aware training and the recovery of pruned models both use it.
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "model/model.h"
#include "train/loss/distill.h"
#include "train/loss/loss.h"
#include "train/network/graph_executor.h"
#include "train/torch.h"

namespace octet {

// The weights of the losses. A loss of weight 0 is not computed, except that of the outputs.
struct TeachingWeights {
  double outputs = 1.0;   // distance from the teacher's outputs
  double features = 0.0;  // distance from its features
  double labels = 0.0;    // detection or pose loss
};

// The student may have other layers, other widths and fewer scales. Throws an Error when its
// classes, keypoints or bins differ, when the teacher lacks one of its outputs, and when the
// teacher is an int8 model.
void verify_teacher(const Model& teacher, const Model& student);

class Teacher {
 public:
  // Throws as verify_teacher() does.
  Teacher(const Model& teacher, const Model& student, TeachingWeights weights);

  void move_to(torch::Device device) { net_.move_to(device); }
  // The values that the student has to give behind its outputs.
  [[nodiscard]] const std::vector<std::string>& features() const { return features_; }

  // `given`: the student's outputs and features for `image` (N, 3, H, W). The total is a sum over
  // the images.
  [[nodiscard]] LossItems operator()(const std::vector<torch::Tensor>& given,
                                     const torch::Tensor& image, const Targets& targets);

 private:
  TeachingWeights weights_;
  GraphExecutor net_;
  std::vector<Output> all_outputs_;  // of the teacher
  std::vector<int> strides_;         // of the student
  std::vector<size_t> outputs_;      // of the teacher, in the order of the student's
  std::vector<std::string> features_;
  Distillation distance_;
  Loss labels_;
};

}  // namespace octet
