#include "tune/look/agreement.h"

#include <algorithm>
#include <nlohmann/json.hpp>

#include "core/error.h"
#include "eval/found_as_truth.h"
#include "eval/metric/coco_metric.h"

namespace octet {
namespace {

constexpr size_t kBoxNumbers = 6;

}  // namespace

std::optional<double> agreement(const std::vector<Detections>& reference,
                                const std::vector<Detections>& found) {
  int keypoints = 0;
  for (const Detections& d : reference) keypoints = std::max(keypoints, d.keypoints_per_object);
  CocoMetric metric(keypoints > 0 ? MetricKind::kKeypoint : MetricKind::kBox, keypoints);
  for (size_t i = 0; i < std::min(reference.size(), found.size()); ++i)
    metric.add(found_as_truth(reference[i]), found[i]);
  double sum = 0;
  int64_t labels = 0;
  for (const ClassSummary& c : metric.per_class()) {
    if (c.objects <= 0) continue;
    sum += static_cast<double>(c.objects) * std::max(0.0, c.map50_95);
    labels += c.objects;
  }
  return labels > 0 ? std::optional(sum / static_cast<double>(labels)) : std::nullopt;
}

nlohmann::ordered_json pack(const Detections& detections) {
  auto list = nlohmann::ordered_json::array();
  for (size_t i = 0; i < detections.items.size(); ++i) {
    const Detection& d = detections.items[i];
    nlohmann::ordered_json one{d.class_index, d.confidence, d.box.x1, d.box.y1, d.box.x2, d.box.y2};
    if (detections.keypoints_per_object > 0) {
      for (const Keypoint& k : detections.keypoints_of(i)) {
        one.push_back(k.x);
        one.push_back(k.y);
        one.push_back(k.confidence);
      }
    }
    list.push_back(std::move(one));
  }
  return list;
}

Detections unpack(const nlohmann::ordered_json& json) {
  Detections out;
  for (const auto& one : json) {
    const auto numbers = one.get<std::vector<float>>();
    if (numbers.size() < kBoxNumbers || (numbers.size() - kBoxNumbers) % 3 != 0)
      fail("a detection of {} numbers came from a look of octet tune", numbers.size());
    out.keypoints_per_object = static_cast<int>((numbers.size() - kBoxNumbers) / 3);
    out.items.push_back({.box = {numbers[2], numbers[3], numbers[4], numbers[5]},
                         .class_index = static_cast<int>(numbers[0]),
                         .confidence = numbers[1]});
    for (size_t i = kBoxNumbers; i < numbers.size(); i += 3)
      out.keypoints.push_back({numbers[i], numbers[i + 1], numbers[i + 2]});
  }
  return out;
}

}  // namespace octet
