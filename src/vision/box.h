// Bounding boxes and their overlap.
#pragma once

#include <algorithm>

#include "vision/detections.h"

namespace octet {

[[nodiscard]] inline float area(const PixelBox& b) {
  return std::max(0.0F, b.x2 - b.x1) * std::max(0.0F, b.y2 - b.y1);
}

// The area of the intersection over the area of the union; 0 where there is none.
[[nodiscard]] inline float intersection_over_union(const PixelBox& a, const PixelBox& b) {
  const float shared = area(PixelBox{std::max(a.x1, b.x1), std::max(a.y1, b.y1),
                                     std::min(a.x2, b.x2), std::min(a.y2, b.y2)});
  return shared > 0 ? shared / (area(a) + area(b) - shared) : 0;
}

// Where a keypoint of an object goes when its box goes from one place and size to another.
[[nodiscard]] inline Keypoint moved_with_box(const Keypoint& point, const PixelBox& from,
                                             const PixelBox& to) {
  const float x_scale = (to.x2 - to.x1) / std::max(1.0F, from.x2 - from.x1);
  const float y_scale = (to.y2 - to.y1) / std::max(1.0F, from.y2 - from.y1);
  return {to.x1 + (point.x - from.x1) * x_scale, to.y1 + (point.y - from.y1) * y_scale,
          point.confidence};
}

}  // namespace octet
