// Images of reports with detections drawn in.
#pragma once

#include <string>
#include <vector>

#include "vision/detections.h"
#include "vision/image.h"

namespace octet {

// Two copies of the image in one row, each with its detections, those of a confidence from 0.25 on.
struct DrawnPair {
  Detections left, right;
  std::string left_caption, right_caption;
};
[[nodiscard]] std::string drawn_pair(const Image& image, const DrawnPair& pair,
                                     const std::vector<std::string>& names);

}  // namespace octet
