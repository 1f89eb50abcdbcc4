// What the removal of a part costs: a block, a scale, or anything else. The smaller model computes
// the same images as the whole one, forward alone and as it is, without training.
#pragma once

#include <vector>

#include "eval/dataset/dataset.h"
#include "eval/metric/coco_metric.h"
#include "model/model.h"
#include "train/loss/distill.h"
#include "train/torch.h"

namespace octet {

struct TrialOptions {
  int side = 640;
  int images = 64;  // at most, evenly from the data
  int batch = 4;    // images together
  torch::Device device = torch::kCPU;
};

struct TrialResult {
  // Of the outputs from those of the whole model, as Distillation measures it. At a scale that the
  // model lacks it finds nothing.
  double distance = 0;
  // Of boxes found with a confidence of 0.25 or more. Areas are in pixels of the network's input,
  // which is what scales go by: recall_small is of objects below 32², recall_large above 96².
  CocoSummary found;
};

class RemovalTrial {
 public:
  // Runs the whole model once. Truth are the labels of `data`, or else what the whole model finds.
  // Throws an Error when there is no image.
  RemovalTrial(const Model& whole, const Dataset& data, const TrialOptions& options);

  // The whole model's own recall, to compare with.
  [[nodiscard]] const CocoSummary& whole() const { return found_; }
  // `without`: the model with the part removed. It keeps classes, keypoints and bins.
  [[nodiscard]] TrialResult run(const Model& without) const;

 private:
  struct Images {
    torch::Tensor bytes;                          // (N, 3, side, side)
    std::vector<torch::Tensor> outputs;           // of the whole model, on the device
    std::vector<std::vector<TruthObject>> truth;  // of each image
  };
  [[nodiscard]] CocoSummary judge(const Model& model,
                                  const std::vector<std::vector<torch::Tensor>>& outputs) const;
  [[nodiscard]] std::vector<torch::Tensor> in_order_of_whole(
      const Model& without, const std::vector<torch::Tensor>& given, const Images& images) const;

  Model whole_;  // without weights
  TrialOptions options_;
  Distillation distance_;
  std::vector<Images> batches_;
  CocoSummary found_;
};

}  // namespace octet
