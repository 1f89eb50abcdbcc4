// JPEG through libjpeg-turbo: the decoder of OpenCV, so the same pixels.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <string>
#include <vector>

#include "vision/image.h"

namespace octet {

[[nodiscard]] bool is_jpeg(std::span<const std::byte> bytes);

// Upright, as its EXIF says. CMYK becomes RGB. One whose pixels are all there is read, though its end
// marker is missing. Throws an Error that begins with `name` when it is damaged, cut short, has more
// pixels than kMaxPicturePixels or than its bytes can hold, or so many scans that decoding
// would take minutes. Damage that libjpeg-turbo gets over is logged.
[[nodiscard]] Image decode_jpeg(std::span<const std::byte> bytes, const std::string& name);

[[nodiscard]] std::vector<uint8_t> encode_jpeg(const Image& image, int quality = 92);

}  // namespace octet
