// The outputs of a pose network of one person, compared with the description in its file. Code may
// only index by the numbers of a file after this check.
#pragma once

#include <array>
#include <span>

#include "core/size.h"
#include "core/tensor_view.h"
#include "model/pose_head.h"

namespace octet {

class CheckedPose {
 public:
  // `ports`: the outputs of the network, in its order. Throws an Error that names the output where
  // it differs from the promise of `head`, and throws as verify() where `head` is invalid.
  CheckedPose(PoseHead head, Size input, std::span<const Port> ports);

  [[nodiscard]] const PoseHead& head() const { return head_; }
  [[nodiscard]] Size input() const { return input_; }
  [[nodiscard]] bool has(PosePart part) const { return index_[at(part)] >= 0; }
  // The index of an output that the network has.
  [[nodiscard]] size_t index(PosePart part) const { return static_cast<size_t>(index_[at(part)]); }
  // The points of the network: PoseHead::keypoints, or more.
  [[nodiscard]] int points() const { return points_; }
  // Of the heat maps, in cells.
  [[nodiscard]] Size cells() const { return cells_; }

 private:
  static size_t at(PosePart part) { return static_cast<size_t>(part); }
  const Port& find(PosePart part, std::span<const Port> ports);
  void bind_maps(std::span<const Port> ports);
  void bind_points(std::span<const Port> ports);
  void bind_presence(std::span<const Port> ports);

  PoseHead head_;
  Size input_;
  int points_ = 0;
  Size cells_;
  std::array<int, kPoseParts> index_;  // into the network's outputs; −1: it has none
};

}  // namespace octet
