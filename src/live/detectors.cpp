#include "live/detectors.h"

namespace octet {

namespace {
constexpr int kAutoSides[] = {640, 480, 320};
}  // namespace

Detectors make_detectors(DetectorOptions options, bool auto_size, Size camera) {
  options.source = camera;
  options.runtime.parallel = 1;
  if (!auto_size) return only(std::make_unique<Detector>(options));
  Detectors detectors;
  for (const int side : kAutoSides) {
    options.size = SizeOption{.size = {side, side}};
    detectors.push_back(std::make_unique<Detector>(options));
  }
  return detectors;
}

}  // namespace octet
