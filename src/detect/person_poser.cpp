#include "detect/person_poser.h"

namespace octet {
namespace {

DetectorOptions options_of_network(DetectorOptions options, const std::filesystem::path& network) {
  options.model = network;
  options.size.reset();
  options.source.reset();
  options.runtime.parallel = 1;
  return options;
}

}  // namespace

PersonPoser::PersonPoser(const DetectorOptions& options, const std::filesystem::path& network,
                         const Detector& detector)
    : person_class_(octet::person_class(detector.info(), detector.file().string())),
      network_(options_of_network(options, network)),
      job_(network_.make_job()) {}

template <typename View>
PersonPoser::Milliseconds PersonPoser::timed(const View& image, const PixelBox& box,
                                             std::vector<Keypoint>& keypoints) {
  const auto began = std::chrono::steady_clock::now();
  const PersonPose& pose = job_->find(image, box);
  keypoints.assign(pose.keypoints.begin(), pose.keypoints.end());
  // A detector may be wrong: then the network says that nobody is there.
  if (network_.head().output(PosePart::kPresence) != nullptr) {
    for (Keypoint& k : keypoints) k.confidence *= pose.score;
  }
  return std::chrono::steady_clock::now() - began;
}

PersonPoser::Milliseconds PersonPoser::find(const RgbView& image, const PixelBox& box,
                                            std::vector<Keypoint>& keypoints) {
  return timed(image, box, keypoints);
}

PersonPoser::Milliseconds PersonPoser::find(const YuvView& image, const PixelBox& box,
                                            std::vector<Keypoint>& keypoints) {
  return timed(image, box, keypoints);
}

void PersonPoser::find_all(const RgbView& image, int most, Detections& detections) {
  choose_people(detections, person_class_, most, chosen_);
  detections.reset_keypoints(keypoints());
  for (const size_t item : chosen_) {
    (void)find(image, detections.items[item].box, keypoints_);
    detections.set_keypoints(item, keypoints_);
  }
}

void PersonPoser::renew() { job_ = network_.make_job(); }

}  // namespace octet
