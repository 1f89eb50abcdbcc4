// TensorFlow's SAME padding as numbers.
#pragma once

#include <algorithm>
#include <cstdint>

#include "core/tensor_view.h"
#include "graph/ops/convolution/padding.h"

namespace octet {

// A window with its holes, in pixels.
struct WindowSides {
  int64_t height, width;
};

// The padding with which an image (1, C, H, W) gives ⌈side / stride⌉ windows. An odd pixel goes to
// the bottom and the right.
[[nodiscard]] inline Padding same_padding(const Shape& image, WindowSides window, int stride) {
  const auto total = [&](int64_t length, int64_t side) {
    const int64_t windows = (length + stride - 1) / stride;
    return static_cast<int>(std::max<int64_t>(0, (windows - 1) * stride + side - length));
  };
  const int rows = total(image[2], window.height);
  const int columns = total(image[3], window.width);
  return {rows / 2, columns / 2, rows - rows / 2, columns - columns / 2};
}

}  // namespace octet
