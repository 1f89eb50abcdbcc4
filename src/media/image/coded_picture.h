// PNG, BMP and PPM through FFmpeg's decoders, WebP and TIFF through their own libraries. No demuxer sees
// the file: whatever is in it can name no other file and no address.
#pragma once

#include <cstddef>
#include <span>
#include <string>

#include "vision/image.h"

namespace octet {

// Upright, as its EXIF or a TIFF's tag says. Throws an Error that begins with `name` when the bytes begin as none of
// these, are damaged or cut short, or claim more pixels than kMaxPicturePixels.
[[nodiscard]] Image decode_picture(std::span<const std::byte> bytes, const std::string& name);

}  // namespace octet
