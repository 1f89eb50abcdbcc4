// Reads the tags of the first image of a TIFF file. The EXIF in a JPEG has the same form.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>

namespace octet {

enum class TiffTag : uint16_t { kOrientation = 274 };

// Returns a tag whose value is one number of 16 bits. Nothing where there is none or `tiff` is
// damaged.
[[nodiscard]] std::optional<int> tiff_tag(std::span<const std::byte> tiff, TiffTag tag);

// Returns 1 (upright) to 8, as TIFF and EXIF count them; 1 where no valid value is there.
[[nodiscard]] int tiff_orientation(std::span<const std::byte> tiff);

}  // namespace octet
