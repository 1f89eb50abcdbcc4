#include "detect/people.h"

#include <fmt/ranges.h>

#include <algorithm>

#include "core/error.h"
#include "model/person_class.h"
#include "vision/box.h"

namespace octet {

int person_class(const ModelInfo& detector, const std::string& file) {
  if (detector.task == Task::kPose)
    fail("{}: finds keypoints itself; leave --pose out, or take a model that finds boxes only",
         file);
  const std::optional<int> person = find_person_class(detector.names);
  if (!person)
    fail("{}: has no class 'person', whose keypoints --pose could find; its classes are {}", file,
         fmt::join(detector.names, ", "));
  return *person;
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
