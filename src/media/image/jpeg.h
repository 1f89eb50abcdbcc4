// Decodes JPEG by libjpeg-turbo. OpenCV uses it too, so the pixels are the same.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <string>
#include <vector>

#include "vision/image.h"

namespace octet {

[[nodiscard]] bool is_jpeg(std::span<const std::byte> bytes);

// Returns the image upright, by its EXIF. CMYK becomes RGB. A missing end marker is accepted when
// all pixels are there. Throws an Error that begins with `name` when the image is damaged or cut
// short, has more pixels than kMaxPicturePixels or than its bytes can hold, or has so many scans
// that decoding would take minutes. Damage that libjpeg-turbo repairs is logged.
[[nodiscard]] Image decode_jpeg(std::span<const std::byte> bytes, const std::string& name);

[[nodiscard]] std::vector<uint8_t> encode_jpeg(const Image& image, int quality = 92);

}  // namespace octet
