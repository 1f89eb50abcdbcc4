// Images in memory: owned RGB, and borrowed views of RGB and of the planar YUV 4:2:0 that video
// decoders make.
#pragma once

#include <cstddef>
#include <cstdint>
#include <vector>

#include "core/size.h"

namespace octet {

struct Image {
  int width = 0;
  int height = 0;
  std::vector<uint8_t> rgb;  // (height, width, 3)

  [[nodiscard]] Size size() const { return {width, height}; }
};

struct RgbView {
  const uint8_t* data = nullptr;
  std::ptrdiff_t stride_bytes = 0;
  Size size;
};
[[nodiscard]] inline RgbView view(const Image& image) {
  return {.data = image.rgb.data(),
          .stride_bytes = std::ptrdiff_t{image.width} * 3,
          .size = image.size()};
}

// Chroma planes have (width + 1) / 2 × (height + 1) / 2 samples.
struct YuvView {
  const uint8_t* planes[3] = {};
  std::ptrdiff_t strides_bytes[3] = {};
  Size size;
  bool bt709 = false;       // else BT.601
  bool full_range = false;  // 0..255, else 16..235
};

}  // namespace octet
