// Glyphs of printable ASCII as coverage bitmaps, in a few sizes. The data is made at build time by
// make_font.
#pragma once

#include <cstdint>
#include <span>

namespace octet {

struct Glyph {
  int width, height;  // of the bitmap
  int left, top;      // of its first pixel, from the pen and from the baseline upwards
  int advance;        // to the next pen position
  uint32_t offset;    // of its first byte in Font::coverage
};

struct Font {
  int line_height;
  int ascent;
  const Glyph* glyphs;  // of characters 32 to 126
  const uint8_t* coverage;
};

// From small to large.
[[nodiscard]] std::span<const Font> fonts();

}  // namespace octet
