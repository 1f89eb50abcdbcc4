#include "detect/pose_network.h"

#include <utility>

#include "core/error.h"
#include "core/hot_path.h"

namespace octet {
namespace {

DetectorOptions with_raw_outputs(DetectorOptions options) {
  options.raw = true;
  return options;
}

}  // namespace

PoseNetwork::PoseNetwork(DetectorOptions options)
    : detector_(with_raw_outputs(std::move(options))) {
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

}  // namespace octet
