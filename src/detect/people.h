// The people among the objects of a detector, for a network that finds the keypoints of one person.
#pragma once

#include <cstddef>
#include <string>
#include <vector>

#include "model/model.h"
#include "vision/detections.h"

namespace octet {

inline constexpr int kUsualPeople = 8;

// Returns the class of people: "person", or the only class. Throws an Error that begins with the
// name of the file and names the classes, where there is no such class. Throws one where the model
// finds keypoints itself.
[[nodiscard]] int person_class(const ModelInfo& detector, const std::string& file);

// Writes the indices of the people into `chosen`, `most` at most. Large and sure ones come first:
// they are ordered by area times confidence. Returns the number of all people.
size_t choose_people(const Detections& detections, int person_class, int most,
                     std::vector<size_t>& chosen);

}  // namespace octet
