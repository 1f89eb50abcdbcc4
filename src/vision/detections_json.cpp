#include "vision/detections_json.h"

#include <cmath>
#include <nlohmann/json.hpp>

namespace octet {
namespace {

double pixels(float value) { return std::round(static_cast<double>(value) * 100) / 100; }
double probability(float value) { return std::round(static_cast<double>(value) * 1e5) / 1e5; }

}  // namespace

nlohmann::ordered_json to_json(const Detections& detections,
                               const std::vector<std::string>& class_names) {
  nlohmann::ordered_json list = nlohmann::ordered_json::array();
  for (size_t i = 0; i < detections.items.size(); ++i) {
    const Detection& d = detections.items[i];
    nlohmann::ordered_json j{
        {"class", d.class_index},
        {"name", class_name(class_names, d.class_index)},
        {"confidence", probability(d.confidence)},
        {"box", {pixels(d.box.x1), pixels(d.box.y1), pixels(d.box.x2), pixels(d.box.y2)}}};
    if (d.track >= 0) j["track"] = d.track;
    for (const Keypoint& p : detections.keypoints_of(i))
      j["keypoints"].push_back({pixels(p.x), pixels(p.y), probability(p.confidence)});
    list.push_back(std::move(j));
  }
  return list;
}

}  // namespace octet
