// The detectors of a watch: one, or several of one model with inputs of falling size. The goals
// choose among them.
#pragma once

#include <memory>
#include <utility>
#include <vector>

#include "detect/detector.h"

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

}  // namespace octet
