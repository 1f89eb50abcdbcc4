// Draws detections into an image: boxes, labels, keypoints and, for COCO's 17 keypoints, the
// skeleton. Draws the outlines of zones and lines.
#pragma once

#include <span>
#include <string>

#include "vision/detections.h"
#include "vision/image.h"

namespace octet {

void draw_detections(Image& image, const Detections& detections,
                     std::span<const std::string> class_names);

// Draws from point to point, in pixels, and back to the first where `closed`. The name stands at
// the first point.
void draw_outline(Image& image, std::span<const Keypoint> points, bool closed,
                  const std::string& name);

}  // namespace octet
