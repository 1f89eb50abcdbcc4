// mAP of the network being trained, by the same letterbox, decoding and metric as 'octet val'.
#pragma once

#include "core/size.h"
#include "eval/coco_metric.h"
#include "eval/dataset.h"
#include "model/model.h"

namespace octet {

struct Evaluation {
  CocoSummary boxes, keypoints;

  // What "best" means: mAP50-95 of keypoints for pose, else of boxes.
  [[nodiscard]] double fitness(Task task) const {
    return task == Task::kPose ? keypoints.map50_95 : boxes.map50_95;
  }
};

[[nodiscard]] Evaluation evaluate(const Model& model, const Dataset& data, Size input);

}  // namespace octet
