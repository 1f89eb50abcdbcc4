// Where pictures other than JPEG keep their EXIF, which is a TIFF file (tiff_tags.h reads it).
#pragma once

#include <cstddef>
#include <span>

namespace octet {

// Of a PNG the chunk eXIf, of a WebP the chunk EXIF. Empty where there is none, or the bytes are neither.
[[nodiscard]] std::span<const std::byte> exif_of(std::span<const std::byte> picture);

}  // namespace octet
