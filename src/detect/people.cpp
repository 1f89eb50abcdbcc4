#include "detect/people.h"

#include <fmt/ranges.h>

#include <algorithm>

#include "core/error.h"
#include "vision/box.h"

namespace octet {
namespace {

constexpr std::string_view kPerson = "person";

}  // namespace

int person_class(const ModelInfo& detector, const std::string& file) {
  if (detector.task == Task::kPose)
    fail("{}: finds keypoints itself; leave --pose out, or take a model that finds boxes only",
         file);
  if (detector.names.size() == 1) return 0;
  const auto at = std::find(detector.names.begin(), detector.names.end(), kPerson);
  if (at == detector.names.end())
    fail("{}: has no class '{}', whose keypoints --pose could find; its classes are {}", file,
         kPerson, fmt::join(detector.names, ", "));
  return static_cast<int>(at - detector.names.begin());
}

size_t choose_people(const Detections& detections, int person_class, int most,
                     std::vector<size_t>& chosen) {
  chosen.clear();
  for (size_t i = 0; i < detections.items.size(); ++i) {
    if (detections.items[i].class_index == person_class) chosen.push_back(i);
  }
  const auto weight = [&](size_t item) {
    return area(detections.items[item].box) * detections.items[item].confidence;
  };
  std::sort(chosen.begin(), chosen.end(), [&](size_t a, size_t b) {
    return weight(a) != weight(b) ? weight(a) > weight(b) : a < b;
  });
  const size_t all = chosen.size();
  chosen.resize(std::min(all, static_cast<size_t>(most)));
  return all;
}

}  // namespace octet
