// The detection head: the meaning of a network's outputs. It is a value of the model, and the graph
// knows nothing of it. Losses, distillation, decoding and exports read it here.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace octet {

inline constexpr size_t kMaxBins = 64;  // of a box side

// logit(0.001): class logits below it can never be a detection.
inline constexpr double kLeastClassLogit = -6.906755;

// The content of an output, at one stride: box (4 · bins, h, w) distance logits, class (classes, h,
// w) logits, keypoint (2 · keypoints, h, w) offsets, visibility (keypoints, h, w) logits. A
// quantized model may also have fine keypoints (4 · keypoints, h, w) at some strides. They are the
// same offsets twice, a third of a step lower and a third of a step higher. The mean of all three
// has a third of a step.
// A raw output has no meaning that octet knows.
enum class OutputRole { kBox, kClass, kKeypoint, kVisibility, kFineKeypoint, kRaw };

[[nodiscard]] std::string_view role_name(OutputRole role);
// Throws an Error for an unknown name.
[[nodiscard]] OutputRole parse_role(std::string_view name);

// Of a raw output.
struct RawForm {
  std::string name;  // as in the file that the network came from
  // The shape in exports. Empty: an image (1, C, H, W).
  std::vector<int64_t> shape = {};
  // Whether `shape` counts the values in the order (H, W, C), else (C, H, W).
  bool channels_last = false;
};

// The meaning of one output of the graph.
struct HeadOutput {
  OutputRole role = OutputRole::kBox;
  int stride = 8;  // 0 of a raw output
  RawForm raw = {};
};

// The same, with the name of its value in the graph.
struct Output {
  std::string value;
  OutputRole role = OutputRole::kBox;
  int stride = 8;
  RawForm raw = {};

  [[nodiscard]] std::string name() const;  // "box_8": its name in exports
};

struct Head {
  std::vector<int> strides;  // ascending
  // The distance, in strides, of each bin of a box side's distribution. Published weights have 0,
  // 1, … 15, and a checkpoint may have others. Empty where the outputs are decoded boxes.
  std::vector<float> bins;
  int keypoints = 0;      // per object; 0 for detection
  int keypoint_dims = 0;  // 3: x, y, visibility; 2: x, y

  // The roles of the outputs at every stride. Fine keypoints may come in addition.
  [[nodiscard]] std::vector<OutputRole> roles() const;
  // The number of channels of an output of this role.
  [[nodiscard]] int channels(OutputRole role, size_t classes) const;
};

}  // namespace octet
