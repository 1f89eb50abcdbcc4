// The outputs of a network, compared with the description in its file. Code may only index by the
// numbers of a file after this check.
#pragma once

#include <span>
#include <vector>

#include "core/size.h"
#include "core/tensor_view.h"
#include "model/model.h"

namespace octet {

// The columns of a row of Layout::kDetections before its keypoints: two corners, confidence, class.
inline constexpr int kDetectionColumns = 6;

class CheckedOutputs {
 public:
  // The outputs of one stride, as indices into the network's outputs, or into parts() where there
  // are any; −1: there is none.
  struct Level {
    int stride = 0, width = 0, height = 0;
    int box = -1, cls = -1, keypoint = -1, visibility = -1, fine_keypoint = -1;
  };

  // The cells of one stride within an output (1, cells, channels) of all strides.
  struct Part {
    int output = 0;    // index into the network's outputs
    size_t first = 0;  // element
    Shape shape;       // (1, channels, h, w), channels last in memory
  };

  // `ports`: the outputs of the network, in its order. `fractions`: decoded coordinates are
  // fractions of the input's sides, else pixels. Throws an Error where the outputs differ from the
  // promise of `layout` and `info` for this input, or where `info` is invalid.
  CheckedOutputs(ModelInfo info, Layout layout, Size input, std::span<const Port> ports,
                 bool fractions = false);

  [[nodiscard]] const ModelInfo& info() const { return info_; }
  [[nodiscard]] Layout layout() const { return layout_; }
  [[nodiscard]] bool fractions() const { return fractions_; }
  [[nodiscard]] Size input() const { return input_; }
  [[nodiscard]] const std::vector<Level>& levels() const { return levels_; }
  // Empty where each output belongs to one stride, or has no strides.
  [[nodiscard]] const std::vector<Part>& parts() const { return parts_; }

 private:
  [[nodiscard]] int index_of(const Output& output, std::span<const Port> ports) const;
  void bind_raw(std::span<const Port> ports);
  void bind_decoded(std::span<const Port> ports);
  void bind_detections(std::span<const Port> ports);
  void bind_rows(std::span<const Port> ports);

  ModelInfo info_;
  Layout layout_;
  Size input_;
  bool fractions_;
  std::vector<Level> levels_;
  std::vector<Part> parts_;
};

}  // namespace octet
