// WebP through libwebp: the decoder of OpenCV, so the same pixels.
#pragma once

#include <cstddef>
#include <span>
#include <string>

#include "vision/image.h"

namespace octet {

[[nodiscard]] bool is_webp(std::span<const std::byte> bytes);

// As it is stored; of an animation the first picture. What is transparent keeps its colour. Throws an
// Error that begins with `name` when it is damaged, cut short, or has more pixels than
// kMaxPicturePixels.
[[nodiscard]] Image decode_webp(std::span<const std::byte> bytes, const std::string& name);

}  // namespace octet
