// Measures the mAP of a model over labelled images, for `val`, training and `verify`. The caller
// runs the model and adds the detections of each image, decoded with kMapDecode.
#pragma once

#include <vector>

#include "eval/dataset/dataset.h"
#include "eval/metric/coco_metric.h"
#include "model/model.h"
#include "vision/decode.h"

namespace octet {

// The decoding for mAP of YOLOv8: every class of a cell with a score above 0.001 counts.
inline constexpr DecodeOptions kMapDecode{
    .score_threshold = 0.001F, .iou_threshold = 0.7F, .max_detections = 300, .multi_label = true};

class MapEvaluator {
 public:
  explicit MapEvaluator(const ModelInfo& info);

  // Adds one image, in the order of the data. `picture` is its size. Returns the objects of the
  // sample in pixels, valid until the next call.
  const std::vector<TruthObject>& add(const Sample& sample, Size picture, const Detections& found);

  [[nodiscard]] const CocoMetric& boxes() const { return boxes_; }
  [[nodiscard]] const CocoMetric& keypoints() const { return keypoints_; }  // empty for detection
  // Keypoints for pose, else boxes.
  [[nodiscard]] const CocoMetric& main() const { return pose_ ? keypoints_ : boxes_; }
  [[nodiscard]] CocoMetric take_main() && { return std::move(pose_ ? keypoints_ : boxes_); }

 private:
  bool pose_;
  CocoMetric boxes_, keypoints_;
  std::vector<TruthObject> truth_;
};

}  // namespace octet
