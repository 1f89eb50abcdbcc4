// The intersection over union of the metric, in double. That of the detector, in float, is in
// vision/box.h.
#pragma once

#include <algorithm>

#include "eval/metric/coco_metric.h"

namespace octet {

[[nodiscard]] inline TruthBox to_truth_box(const PixelBox& b) { return {b.x1, b.y1, b.x2, b.y2}; }

[[nodiscard]] inline double area(const TruthBox& b) { return (b.x2 - b.x1) * (b.y2 - b.y1); }

// Returns 0 where they do not overlap.
[[nodiscard]] inline double shared_area(const TruthBox& a, const TruthBox& b) {
  const double width = std::min(a.x2, b.x2) - std::max(a.x1, b.x1);
  const double height = std::min(a.y2, b.y2) - std::max(a.y1, b.y1);
  return width <= 0 || height <= 0 ? 0 : width * height;
}

[[nodiscard]] inline double intersection_over_union(const TruthBox& a, const TruthBox& b) {
  const double shared = shared_area(a, b);
  return shared > 0 ? shared / (area(a) + area(b) - shared) : 0;
}

}  // namespace octet
