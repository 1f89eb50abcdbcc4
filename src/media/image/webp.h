// Decodes WebP by libwebp. OpenCV uses it too, so the pixels are the same.
#pragma once

#include <cstddef>
#include <span>
#include <string>

#include "vision/image.h"

namespace octet {

[[nodiscard]] bool is_webp(std::span<const std::byte> bytes);

// Returns the image as it is stored, and the first image of an animation. Transparent pixels keep
// their colour. Throws an Error that begins with `name` when it is damaged, cut short, or has more
// pixels than kMaxPicturePixels.
[[nodiscard]] Image decode_webp(std::span<const std::byte> bytes, const std::string& name);

}  // namespace octet
