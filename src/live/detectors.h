// The detectors of a watch: one, or several of one model with inputs of falling size, among which
// the goals decide.
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

// For cameras whose pictures have that size: one, or with `auto_size` three, whatever size
// `options` names. Throws as Detector does.
[[nodiscard]] Detectors make_detectors(DetectorOptions options, bool auto_size, Size camera);

}  // namespace octet
