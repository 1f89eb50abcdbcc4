#include "eval/map_evaluator.h"

namespace octet {

MapEvaluator::MapEvaluator(const ModelInfo& info)
    : pose_(info.task == Task::kPose),
      boxes_(MetricKind::kBox),
      keypoints_(MetricKind::kKeypoint, info.head.keypoints) {}

const std::vector<TruthObject>& MapEvaluator::add(const Sample& sample, Size picture,
                                                  const Detections& found) {
  truth_ = objects_in_pixels(sample, picture);
  boxes_.add(truth_, found);
  if (pose_) keypoints_.add(truth_, found);
  return truth_;
}

}  // namespace octet
