// The limits of image sizes. A file of a few hundred bytes can claim any size.
#pragma once

#include <cstdint>
#include <string>

#include "core/error.h"
#include "core/size.h"

namespace octet {

// 10,000 × 10,000; in memory up to 12 bytes each while they are decoded.
inline constexpr int64_t kMaxPicturePixels = 100'000'000;

inline void require_few_pixels(Size size, const std::string& name) {
  if (int64_t{size.width} * size.height > kMaxPicturePixels)
    fail("{}: {} x {} pixels are too many; {} million are the most", name, size.width, size.height,
         kMaxPicturePixels / 1'000'000);
}

// The limit for a JPEG, alone or in a TIFF. Every scan visits every block of the image, which takes
// a few seconds at most.
inline constexpr int64_t kMaxScannedPixels = 20 * kMaxPicturePixels;

}  // namespace octet
