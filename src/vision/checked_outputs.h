// A network's outputs, compared with what its file says of itself: the one gate between a file's
// figures and whoever indexes by them.
#pragma once

#include <span>
#include <vector>

#include "core/size.h"
#include "core/tensor_view.h"
#include "model/model.h"

namespace octet {

// Of a row of Layout::kDetections, before its keypoints: two corners, confidence, class.
inline constexpr int kDetectionColumns = 6;

class CheckedOutputs {
 public:
  // One stride's outputs, as indices into the network's; −1 where there is none.
  struct Level {
    int stride = 0, width = 0, height = 0;
    int box = -1, cls = -1, keypoint = -1, visibility = -1, fine_keypoint = -1;
  };

  // `ports`: the network's outputs, in its order. `fractions`: decoded coordinates are fractions of
  // the input's sides, else its pixels. Throws an Error where they are not what `layout`
  // and `info` promise for this input, or `info` itself is none.
  CheckedOutputs(ModelInfo info, Layout layout, Size input, std::span<const Port> ports,
                 bool fractions = false);

  [[nodiscard]] const ModelInfo& info() const { return info_; }
  [[nodiscard]] Layout layout() const { return layout_; }
  [[nodiscard]] bool fractions() const { return fractions_; }
  [[nodiscard]] Size input() const { return input_; }
  [[nodiscard]] const std::vector<Level>& levels() const { return levels_; }

 private:
  [[nodiscard]] int index_of(const Output& output, std::span<const Port> ports) const;
  void bind_raw(std::span<const Port> ports);
  void bind_decoded(std::span<const Port> ports);
  void bind_detections(std::span<const Port> ports);

  ModelInfo info_;
  Layout layout_;
  Size input_;
  bool fractions_;
  std::vector<Level> levels_;
};

}  // namespace octet
