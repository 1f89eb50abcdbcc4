// Draws detections into a picture: boxes, labels, keypoints and, for COCO's 17 keypoints, the
// skeleton.
#pragma once

#include <span>
#include <string>

#include "vision/detections.h"
#include "vision/image.h"

namespace octet {

void draw_detections(Image& image, const Detections& detections,
                     std::span<const std::string> class_names);

}  // namespace octet
