// Decodes PNG, BMP and PPM by FFmpeg's decoders, and WebP and TIFF by their own libraries. No
// demuxer reads the file, so that its content cannot name another file or an address.
#pragma once

#include <cstddef>
#include <span>
#include <string>

#include "vision/image.h"

namespace octet {

// Returns the image upright, by its EXIF or the tag of a TIFF. Throws an Error that begins with
// `name` when the bytes are none of these formats, are damaged or cut short, or claim more pixels
// than kMaxPicturePixels.
[[nodiscard]] Image decode_picture(std::span<const std::byte> bytes, const std::string& name);

}  // namespace octet
