// The accuracy of a network that finds the keypoints of one person, on crops of labelled people.
//
// Each labelled person's box is cropped, as in the evaluation of SimpleBaseline with boxes of the
// labels. The metric is COCO's OKS AP. The score of a person is the mean of the keypoints'.
#pragma once

#include <string>
#include <vector>

#include "detect/pose_network.h"
#include "eval/dataset/dataset.h"
#include "eval/metric/coco_metric.h"
#include "media/image/picture_reader.h"

namespace octet {

// People with a smaller box, in square pixels, are left out: COCO measures no small people.
inline constexpr double kLeastPersonArea = 32 * 32;

struct PoseAccuracy {
  CocoMetric keypoints;
  std::vector<double> inference_ms;  // of each person
  int64_t images = 0;
  int64_t skipped = 0;  // images
};

// Returns the keypoints of the network that are those of the data, in their order. Throws an Error
// that begins with `path` where the data has no keypoints, or others than the network.
[[nodiscard]] std::vector<int> keypoints_for(const PoseHead& head, const Dataset& data,
                                             const std::string& path);

// Whether a labelled object counts: it is no crowd, is large enough, and has a labelled keypoint.
[[nodiscard]] bool is_measured(const TruthObject& object);

// `order`: of keypoints_for(). Throws an Error when it is interrupted, and when no image that can be
// read has a person that counts.
[[nodiscard]] PoseAccuracy measure_pose_accuracy(PoseNetwork& network, const Dataset& data,
                                                 const std::vector<int>& order, BadPicture bad);

}  // namespace octet
