#include "eval/found_as_truth.h"

#include <utility>

namespace octet {
namespace {

constexpr float kIsObject = 0.25F;      // as --conf
constexpr float kIsVisible = 0.5F;      // of a keypoint
constexpr double kKeypointArea = 0.53;  // of width × height, as in COCO

}  // namespace

std::vector<TruthObject> found_as_truth(const Detections& found) {
  std::vector<TruthObject> labels;
  for (size_t i = 0; i < found.items.size(); ++i) {
    const Detection& d = found.items[i];
    if (d.confidence < kIsObject) continue;
    TruthObject label{.class_index = d.class_index,
                      .box = {d.box.x1, d.box.y1, d.box.x2, d.box.y2}};
    label.box_area = (label.box.x2 - label.box.x1) * (label.box.y2 - label.box.y1);
    label.keypoint_area = kKeypointArea * label.box_area;
    for (const Keypoint& k : found.keypoints_of(i))
      label.keypoints.push_back({k.x, k.y, k.confidence >= kIsVisible ? 2 : 0});
    labels.push_back(std::move(label));
  }
  return labels;
}

}  // namespace octet
