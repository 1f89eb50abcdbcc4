// Detections as JSON:
// [{"class","name","confidence","box":[x1,y1,x2,y2],"track","keypoints":[[x,y,confidence]]}],
// source pixels; "track" where objects are followed, "keypoints" of objects that have them.
#pragma once

#include <nlohmann/json_fwd.hpp>
#include <string>
#include <vector>

#include "vision/detections.h"

namespace octet {

[[nodiscard]] nlohmann::ordered_json to_json(const Detections& detections,
                                             const std::vector<std::string>& class_names);

}  // namespace octet
