// The detectors of a watch: one, or several of one model with inputs of falling size. The goals
// choose among them.
#pragma once

#include <memory>
#include <utility>
#include <vector>

#include "detect/detector.h"
#include "detect/person_poser.h"

namespace octet {

using Detectors = std::vector<std::unique_ptr<Detector>>;  // the largest input first

[[nodiscard]] inline Detectors only(std::unique_ptr<Detector> detector) {
  Detectors detectors;
  detectors.push_back(std::move(detector));
  return detectors;
}

// Makes one detector for cameras of that size, or three with `auto_size`, which ignores the size of
// `options`. Throws as Detector does.
[[nodiscard]] Detectors make_detectors(DetectorOptions options, bool auto_size, Size camera);

// Makes what finds the keypoints of the people that `detector` finds. `options`: of the detector.
// `network`: the file of the pose network; empty: none is made. Throws as PersonPoser does.
[[nodiscard]] std::unique_ptr<PersonPoser> make_poser(const DetectorOptions& options,
                                                      const std::filesystem::path& network,
                                                      const Detector& detector);

}  // namespace octet
