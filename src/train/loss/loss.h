// YOLOv8's losses for detection and pose, on the raw outputs of the graph.
//   box         1 − CIoU, weighted by the target score (Zheng et al., "Distance-IoU Loss", 2020)
//   dfl         cross entropy with the two bins beside each target distance (Li et al.,
//               "Generalized Focal Loss", 2020)
//   cls         binary cross entropy with the assigner's target scores
//   keypoint    1 − OKS of labelled keypoints (Maji et al., "YOLO-Pose", 2022)
//   visibility  binary cross entropy
#pragma once

#include <vector>

#include "model/model.h"
#include "train/loss/assigner.h"
#include "train/torch.h"

namespace octet {

struct LossGains {
  double box = 7.5, cls = 0.5, dfl = 1.5, keypoint = 12.0, visibility = 1.0;
};

// The labels of a batch, K objects in all; coordinates are fractions of the input.
struct Targets {
  torch::Tensor image;      // (K) int64: which image of the batch
  torch::Tensor cls;        // (K) int64
  torch::Tensor boxes;      // (K, 4): centre and size
  torch::Tensor keypoints;  // (K, keypoints, 3), undefined for detection
};

struct LossItems {
  torch::Tensor total;  // Σ items × images in the batch, for the gradient
  double box = 0, cls = 0, dfl = 0, keypoint = 0, visibility = 0;  // with their gains
  double distill = 0;  // distance from a teacher's outputs, where there is one
};

struct NamedLoss {
  const char* name;
  double LossItems::*value;
};
// The losses of a training, in the order of tables: those of labels for this head, and of a
// teacher.
struct LossParts {
  bool labels = true, distill = false;
};
[[nodiscard]] std::vector<NamedLoss> named_losses(LossParts parts, const Head& head);

class Loss {
 public:
  Loss(const ModelInfo& info, const std::vector<Output>& outputs, LossGains gains = {},
       AssignerOptions assigner = {});

  // `outputs` as GraphExecutor::forward() gives them.
  [[nodiscard]] LossItems operator()(const std::vector<torch::Tensor>& outputs,
                                     const Targets& targets) const;

 private:
  struct Predictions {
    torch::Tensor box;         // (N, A, 4 · bins) logits
    torch::Tensor cls;         // (N, A, C) logits
    torch::Tensor keypoint;    // (N, A, keypoints, 2)
    torch::Tensor visibility;  // (N, A, keypoints) logits
    torch::Tensor cells;       // (A, 2) centres, in strides
    torch::Tensor strides;     // (A, 1)
    double width = 0, height = 0;
  };
  struct Truth {  // padded to the most objects an image has
    torch::Tensor cls, boxes, mask, keypoints;
  };
  [[nodiscard]] Predictions gather(const std::vector<torch::Tensor>& outputs) const;
  [[nodiscard]] Truth pad(const Targets& targets, int64_t images, const Predictions& p) const;
  [[nodiscard]] torch::Tensor decode_boxes(const Predictions& p) const;
  void pose_terms(const Predictions& p, const Truth& truth, const Assignment& a,
                  std::vector<torch::Tensor>& terms) const;

  ModelInfo info_;
  std::vector<Output> outputs_;
  LossGains gains_;
  AssignerOptions assigner_;
};

}  // namespace octet
