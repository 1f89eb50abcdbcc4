// Rows of planar YUV turned into RGB, in integers.
#pragma once

#include <cstdint>

#include "vision/image.h"

namespace octet {

// The samples of a row, one of each plane a pixel.
struct YuvRow {
  const uint8_t *y = nullptr, *u = nullptr, *v = nullptr;
};

// `out` receives (width, 3) bytes, RGB, by ITU-R BT.601 or BT.709 as `frame` says.
void yuv_row_to_rgb(const YuvRow& row, const YuvView& frame, int width, uint8_t* out);

// The luma of black.
[[nodiscard]] inline int black_luma(const YuvView& frame) { return frame.full_range ? 0 : 16; }

}  // namespace octet
