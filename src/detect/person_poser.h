// A pose network that looks at the people that a detector finds: for each a crop of the whole image
// becomes keypoints in its pixels. One thread at a time.
//
//   PersonPoser poser(options, "movenet.safetensors", detector);
//   poser.find_all(view(image), kUsualPeople, detections);
#pragma once

#include <chrono>
#include <filesystem>
#include <memory>
#include <vector>

#include "detect/detector.h"
#include "detect/people.h"
#include "detect/pose_network.h"

namespace octet {

class PersonPoser {
 public:
  using Milliseconds = std::chrono::duration<double, std::milli>;

  // `options`: of the detector. The network gets its engine, threads and precision. Throws as
  // person_class() and PoseNetwork do.
  PersonPoser(const DetectorOptions& options, const std::filesystem::path& network,
              const Detector& detector);

  [[nodiscard]] int person_class() const { return person_class_; }
  [[nodiscard]] int keypoints() const { return network_.head().keypoints; }
  [[nodiscard]] const Skeleton& skeleton() const { return network_.head().skeleton; }
  [[nodiscard]] const std::filesystem::path& file() const { return network_.detector().file(); }

  // Finds the keypoints of the person in `box`, in pixels of the image. Where the network has a score
  // of the person, their confidence is multiplied by it. Returns the time that it took.
  Milliseconds find(const RgbView& image, const PixelBox& box, std::vector<Keypoint>& keypoints);
  Milliseconds find(const YuvView& image, const PixelBox& box, std::vector<Keypoint>& keypoints);
  // Sets the keypoints of the people in `detections`, of `most` at most.
  void find_all(const RgbView& image, int most, Detections& detections);
  // Call it after an Error of find(): the engine gets a new request.
  void renew();

 private:
  template <typename View>
  Milliseconds timed(const View& image, const PixelBox& box, std::vector<Keypoint>& keypoints);

  int person_class_;
  PoseNetwork network_;
  std::unique_ptr<PoseJob> job_;
  std::vector<size_t> chosen_;
  std::vector<Keypoint> keypoints_;
};

}  // namespace octet
