// The tags of a TIFF file's first picture: also what EXIF is, within a JPEG.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>

namespace octet {

enum class TiffTag : uint16_t { kOrientation = 274 };

// A tag whose value is one number of 16 bits; nothing where there is none or `tiff` is damaged.
[[nodiscard]] std::optional<int> tiff_tag(std::span<const std::byte> tiff, TiffTag tag);

// 1 (upright) to 8, as TIFF and EXIF count them; 1 where nothing sound is said.
[[nodiscard]] int tiff_orientation(std::span<const std::byte> tiff);

}  // namespace octet
