// Task-aligned assignment: it assigns cells to objects, with a target score for each (Feng et al.,
// "TOOD: Task-aligned One-stage Object Detection", 2021), with the constants of YOLOv8.
#pragma once

#include "train/torch.h"

namespace octet {

struct AssignerOptions {
  int64_t top_k = 10;
  double alpha = 0.5;
  double beta = 6.0;
};

// A batch of N images, A cells, at most M objects an image (the rest is padding), C classes. Boxes
// are corners (x1, y1, x2, y2) in pixels.
struct AssignerInput {
  torch::Tensor scores;       // (N, A, C) predicted probabilities
  torch::Tensor boxes;        // (N, A, 4) predicted
  torch::Tensor cells;        // (A, 2) centres
  torch::Tensor truth_class;  // (N, M) int64
  torch::Tensor truth_boxes;  // (N, M, 4)
  torch::Tensor truth_mask;   // (N, M) bool: not padding
  // Pixels; shorter sides count as this when candidates are chosen. Twice the smallest stride gives
  // each object a candidate.
  double smallest_side;
};

struct Assignment {
  torch::Tensor scores;      // (N, A, C) target probabilities
  torch::Tensor boxes;       // (N, A, 4) target boxes
  torch::Tensor object;      // (N, A) index of the object
  torch::Tensor foreground;  // (N, A) bool
};

[[nodiscard]] Assignment assign(const AssignerInput& input, const AssignerOptions& options);

// Complete IoU of boxes as corners, broadcasting. Zheng et al., "Distance-IoU Loss", 2020.
[[nodiscard]] torch::Tensor complete_iou(const torch::Tensor& a, const torch::Tensor& b);

}  // namespace octet
