// A network that finds the keypoints of one person, ready for persons in pictures: an open file with
// ModelInfo::pose_head, compiled, with crop and decoder.
//
// Several threads may use one PoseNetwork, each with its own PoseJob. A PoseJob must not outlive
// its PoseNetwork.
//
//   PoseNetwork network({.model = "movenet.safetensors"});
//   const auto job = network.make_job();
//   std::span<const Keypoint> keypoints = job->find(view(image), box).keypoints;
#pragma once

#include <chrono>
#include <memory>

#include "detect/detector.h"
#include "vision/person_crop.h"
#include "vision/pose_decode.h"

namespace octet {

class PoseJob;

class PoseNetwork {
 public:
  // Throws as Detector does, and where the file has no pose head or does not keep its promise.
  explicit PoseNetwork(DetectorOptions options);
  // Takes a Detector that was made with DetectorOptions::one_person or raw.
  explicit PoseNetwork(std::unique_ptr<Detector> detector);

  [[nodiscard]] const Detector& detector() const { return detector_; }
  [[nodiscard]] const PoseHead& head() const { return *detector_.info().pose_head; }
  [[nodiscard]] std::unique_ptr<PoseJob> make_job();

 private:
  friend class PoseJob;
  [[nodiscard]] CheckedPose check_outputs() const;

  std::unique_ptr<Detector> owned_;
  Detector& detector_;
};

// One person in work. submit() crops and starts the inference. finish() waits and decodes.
class PoseJob {
 public:
  explicit PoseJob(PoseNetwork& network);

  // `box`: of the person, in pixels of the picture.
  void submit(const RgbView& picture, const PixelBox& box);
  void submit(const YuvView& picture, const PixelBox& box);
  // Returns keypoints in pixels of the picture, valid until the next call.
  const PersonPose& finish();
  template <typename View>
  const PersonPose& find(const View& picture, const PixelBox& box) {
    submit(picture, box);
    return finish();
  }
  // Finds the person of a picture that shows one: the crop holds the whole picture. `out` has one
  // detection of class 0, with the box around its keypoints, or none where the score is below
  // `score_threshold`.
  void find_whole(const RgbView& picture, float score_threshold, Detections& out);
  // The time of the last inference, without crop and decoding.
  [[nodiscard]] std::chrono::duration<double, std::milli> inference_time() const {
    return inference_time_;
  }

 private:
  template <typename View>
  void crop_and_start(const View& picture, const PixelBox& box);

  PoseDecoder decoder_;
  PersonCrop crop_;
  double margin_;
  std::unique_ptr<Request> request_;
  PersonPose pose_;
  std::chrono::steady_clock::time_point started_;
  std::chrono::duration<double, std::milli> inference_time_{};
};

}  // namespace octet
