// Draws detections into a picture: boxes, labels, keypoints and, for COCO's 17 keypoints, the
// skeleton. Draws outlines of places.
#pragma once

#include <span>
#include <string>

#include "vision/detections.h"
#include "vision/image.h"

namespace octet {

void draw_detections(Image& image, const Detections& detections,
                     std::span<const std::string> class_names);

// From point to point, in pixels, and back to the first where `closed`; its name at the first.
void draw_outline(Image& image, std::span<const Keypoint> points, bool closed,
                  const std::string& name);

}  // namespace octet
