#include "live/detectors.h"

namespace octet {

Detectors make_detectors(DetectorOptions options, bool auto_size, Size camera) {
  options.source = camera;
  options.runtime.parallel = 1;
  if (auto_size) options.size.reset();
  Detectors detectors = only(std::make_unique<Detector>(options));
  if (!auto_size) {
    detectors.front()->say_other_size();
    return detectors;
  }
  const int usual = detectors.front()->info().usual_side();
  for (const int side : {input_side(usual * 3 / 4), input_side(usual / 2)}) {
    options.size = SizeOption{.size = {side, side}};
    detectors.push_back(std::make_unique<Detector>(options));
  }
  return detectors;
}

std::unique_ptr<PersonPoser> make_poser(const DetectorOptions& options,
                                        const std::filesystem::path& network,
                                        const Detector& detector) {
  return network.empty() ? nullptr : std::make_unique<PersonPoser>(options, network, detector);
}

}  // namespace octet
