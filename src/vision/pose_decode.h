// Decodes the outputs of a network for one person to keypoints, for every engine.
#pragma once

#include <span>
#include <vector>

#include "core/tensor_view.h"
#include "vision/checked_pose.h"
#include "vision/detections.h"

namespace octet {

// Reuses its memory.
struct PersonPose {
  // In pixels of the input, where whole numbers are the centres of pixels. They may lie outside.
  // The confidence is within 0..1.
  std::vector<Keypoint> keypoints;
  // That there is a person, 0..1: the network's own, else the mean of the keypoints'.
  float score = 0;
};

// A decoder for one network. It holds no state, so that any number of threads may use it.
//
//   const PoseDecoder decoder(CheckedPose(head, input, network.outputs()));
//   decoder.decode(request.outputs(), pose);
class PoseDecoder {
 public:
  explicit PoseDecoder(CheckedPose network);

  // `outputs` are float32 or int8, in the order of the network's ports. Numbers that are not finite
  // make a keypoint in the middle of the input with the confidence 0.
  void decode(std::span<const TensorView> outputs, PersonPose& out) const;

  [[nodiscard]] const PoseHead& head() const { return network_.head(); }

 private:
  struct Peak {
    int x = 0, y = 0;
  };
  class Maps;
  [[nodiscard]] Maps maps(std::span<const TensorView> outputs, PosePart part) const;
  void decode_centre(std::span<const TensorView> outputs, PersonPose& out) const;
  void decode_heatmaps(std::span<const TensorView> outputs, PersonPose& out) const;
  void decode_points(std::span<const TensorView> outputs, PersonPose& out) const;
  [[nodiscard]] Keypoint point_at(const Maps& offsets, int keypoint, Peak cell) const;
  [[nodiscard]] static Peak highest(const Maps& scores, int keypoint);
  [[nodiscard]] Peak nearest_peak(const Maps& scores, int keypoint, float x, float y) const;
  [[nodiscard]] float probability(float score) const;
  [[nodiscard]] float logit_of(float probability) const;
  void finish(Keypoint& keypoint) const;

  CheckedPose network_;
  float stride_x_ = 1, stride_y_ = 1;  // of the cells, in pixels of the input
};

}  // namespace octet
