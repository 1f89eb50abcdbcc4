// Draws detections into an image: boxes, labels, keypoints and their skeleton. Draws the outlines of
// zones and lines.
#pragma once

#include <span>
#include <string>

#include "model/pose_head.h"
#include "vision/detections.h"
#include "vision/image.h"

namespace octet {

// `skeleton`: of the model that gave the keypoints.
void draw_detections(Image& image, const Detections& detections,
                     std::span<const std::string> class_names, const Skeleton& skeleton);

// Draws from point to point, in pixels, and back to the first where `closed`. The name stands at
// the first point.
void draw_outline(Image& image, std::span<const Keypoint> points, bool closed,
                  const std::string& name);

}  // namespace octet
