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

}  // namespace octet
