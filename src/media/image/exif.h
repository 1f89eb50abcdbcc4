// Finds the EXIF of images other than JPEG. EXIF is a TIFF file, which tiff_tags.h reads.
#pragma once

#include <cstddef>
#include <span>

namespace octet {

// Returns the chunk eXIf of a PNG, or the chunk EXIF of a WebP. Empty where there is none, and for
// other bytes.
[[nodiscard]] std::span<const std::byte> exif_of(std::span<const std::byte> picture);

}  // namespace octet
