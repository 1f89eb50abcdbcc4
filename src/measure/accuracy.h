// The mAP of a model in an engine.
#pragma once

#include <vector>

#include "detect/detector.h"
#include "eval/dataset/dataset.h"
#include "eval/map_evaluator.h"
#include "media/image/picture_reader.h"

namespace octet {

struct Accuracy {
  MapEvaluator map;
  std::vector<double> inference_ms;  // of each image
  int64_t skipped = 0;               // images
};

// Throws an Error when it is interrupted, and when no image with a label can be read.
[[nodiscard]] Accuracy measure_accuracy(Detector& detector, const Dataset& data, BadPicture bad);

// Throws an Error that begins with `path` when the data has other classes or keypoints, or the
// classes in another order.
void verify_fit(const ModelInfo& info, const Dataset& data, const std::string& path);

}  // namespace octet
