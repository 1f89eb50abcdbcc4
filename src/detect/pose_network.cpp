#include "detect/pose_network.h"

#include <algorithm>
#include <span>
#include <utility>

#include "core/error.h"
#include "core/hot_path.h"

namespace octet {
namespace {

std::unique_ptr<Detector> open_raw(DetectorOptions options) {
  options.raw = true;
  return std::make_unique<Detector>(options);
}

// Around the keypoints that are likely seen, or around all where none is, within the picture.
PixelBox box_around(std::span<const Keypoint> points, float threshold, Size picture) {
  const bool any = std::any_of(points.begin(), points.end(),
                               [&](const Keypoint& k) { return k.confidence >= threshold; });
  const auto width = static_cast<float>(picture.width), height = static_cast<float>(picture.height);
  PixelBox box{width, height, 0, 0};
  for (const Keypoint& k : points) {
    if (any && k.confidence < threshold) continue;
    const float x = std::clamp(k.x, 0.0F, width), y = std::clamp(k.y, 0.0F, height);
    box = {std::min(box.x1, x), std::min(box.y1, y), std::max(box.x2, x), std::max(box.y2, y)};
  }
  return box;
}

}  // namespace

PoseNetwork::PoseNetwork(DetectorOptions options) : PoseNetwork(open_raw(std::move(options))) {}

PoseNetwork::PoseNetwork(std::unique_ptr<Detector> detector)
    : owned_(std::move(detector)), detector_(*owned_) {
  if (detector_.info().task != Task::kRaw)
    fail("{}: is a YOLO model, and no network for the keypoints of one person",
         detector_.file().string());
  if (!detector_.info().pose_head)
    fail(
        "{}: does not say what its outputs mean, so it is no pose network of one person; name "
        "them with 'octet import --head' and export it again",
        detector_.file().string());
  try {
    (void)check_outputs();
  } catch (const Error& e) {
    fail("{}: {}", detector_.file().string(), e.what());
  }
}

CheckedPose PoseNetwork::check_outputs() const {
  return {head(), detector_.input_size(), detector_.network_->outputs()};
}

std::unique_ptr<PoseJob> PoseNetwork::make_job() { return std::make_unique<PoseJob>(*this); }

PoseJob::PoseJob(PoseNetwork& network)
    : decoder_(network.check_outputs()),
      crop_(network.detector().input_size(), network.head().margin),
      margin_(network.head().margin),
      request_(network.detector_.network_->make_request()) {}

template <typename View>
void PoseJob::crop_and_start(const View& picture, const PixelBox& box) {
  crop_.run(picture, box, request_->input());
  started_ = std::chrono::steady_clock::now();
  const ForeignCall engine;
  request_->start();
}

void PoseJob::submit(const RgbView& picture, const PixelBox& box) { crop_and_start(picture, box); }

void PoseJob::submit(const YuvView& picture, const PixelBox& box) { crop_and_start(picture, box); }

const PersonPose& PoseJob::finish() {
  {
    const ForeignCall engine;
    request_->wait();
  }
  inference_time_ = std::chrono::steady_clock::now() - started_;
  decoder_.decode(request_->outputs(), pose_);
  for (Keypoint& k : pose_.keypoints) {
    k.x = crop_.geometry().to_source_x(k.x);
    k.y = crop_.geometry().to_source_y(k.y);
  }
  return pose_;
}

void PoseJob::find_whole(const RgbView& picture, float score_threshold, Detections& out) {
  const PersonPose& pose = find(picture, box_of_whole_picture(picture.size, margin_));
  out.clear();
  out.keypoints_per_object = static_cast<int>(pose.keypoints.size());
  if (pose.score < score_threshold) return;
  out.items.push_back({.box = box_around(pose.keypoints, score_threshold, picture.size),
                       .class_index = 0,
                       .confidence = pose.score});
  out.keypoints.insert(out.keypoints.end(), pose.keypoints.begin(), pose.keypoints.end());
}

}  // namespace octet
