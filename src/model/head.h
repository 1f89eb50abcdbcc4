// The detection head: what a network's outputs mean. It is a value of the model; the graph knows
// nothing of it. Losses, distillation, decoding and exports read it here.
#pragma once

#include <string>
#include <string_view>
#include <vector>

namespace octet {

inline constexpr size_t kMaxBins = 64;  // of a box side

// logit(0.001): class logits below it can never be a detection.
inline constexpr double kLeastClassLogit = -6.906755;

// What an output holds, each at one stride: box (4 · bins, h, w) distance logits, class (classes, h,
// w) logits, keypoint (2 · keypoints, h, w) offsets, visibility (keypoints, h, w) logits. A quantized
// model may have fine keypoints (4 · keypoints, h, w) too, at some strides: the same offsets twice,
// a third of a step lower and then a third of a step higher, so that the mean of all three has a
// third of a step.
enum class OutputRole { kBox, kClass, kKeypoint, kVisibility, kFineKeypoint };

[[nodiscard]] std::string_view role_name(OutputRole role);
// Throws an Error for a name that is not known.
[[nodiscard]] OutputRole parse_role(std::string_view name);

// What one output of the graph means.
struct HeadOutput {
  OutputRole role = OutputRole::kBox;
  int stride = 8;
};

// The same, with the value of the graph that it is.
struct Output {
  std::string value;
  OutputRole role = OutputRole::kBox;
  int stride = 8;

  [[nodiscard]] std::string name() const;  // "box_8": the name exports give it
};

struct Head {
  std::vector<int> strides;  // ascending
  // Distance, in strides, that each bin of a box side's distribution stands for. 0, 1, … 15 in
  // published weights; a checkpoint may hold others. Empty where boxes come decoded.
  std::vector<float> bins;
  int keypoints = 0;      // per object; 0 for detection
  int keypoint_dims = 0;  // 3: x, y, visibility; 2: x, y

  // The roles that it has at every stride. It may have fine keypoints, too.
  [[nodiscard]] std::vector<OutputRole> roles() const;
  // Channels of an output of this role, for so many classes.
  [[nodiscard]] int channels(OutputRole role, size_t classes) const;
};

}  // namespace octet
