// Decodes TIFF by libtiff, as OpenCV does: tiles, strips, planes, LZW, JPEG inside and the other
// usual kinds.
#pragma once

#include <cstddef>
#include <span>
#include <string>

#include "vision/image.h"

namespace octet {

[[nodiscard]] bool is_tiff(std::span<const std::byte> bytes);

// Returns the first image of the file, upright by its tag. 16 bits become 8, and transparent pixels
// are black. Throws an Error that begins with `name` when it is damaged, cut short, of an
// unsupported kind (floating-point pixels, old JPEG, rare compressions), or has more pixels than
// kMaxPicturePixels.
[[nodiscard]] Image decode_tiff(std::span<const std::byte> bytes, const std::string& name);

}  // namespace octet
