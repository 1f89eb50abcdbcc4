// TIFF through libtiff, as OpenCV does: tiles, strips, planes, LZW, JPEG inside and what else is usual.
#pragma once

#include <cstddef>
#include <span>
#include <string>

#include "vision/image.h"

namespace octet {

[[nodiscard]] bool is_tiff(std::span<const std::byte> bytes);

// The file's first picture, upright as its tag says. 16 bits become 8; what is transparent is black.
// Throws an Error that begins with `name` when it is damaged, cut short, of a kind that is not read
// (numbers with a point, old JPEG, rare compressions), or has more pixels than kMaxPicturePixels.
[[nodiscard]] Image decode_tiff(std::span<const std::byte> bytes, const std::string& name);

}  // namespace octet
