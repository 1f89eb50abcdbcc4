// The detections of one network as labels, so that others can be compared with it.
#pragma once

#include <vector>

#include "eval/metric/coco_metric.h"
#include "vision/detections.h"

namespace octet {

// Objects are detections of at least the usual confidence, 0.25. Keypoints that the network is less
// than half sure of are not labelled.
[[nodiscard]] std::vector<TruthObject> found_as_truth(const Detections& found);

}  // namespace octet
