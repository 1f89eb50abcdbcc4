#include "media/image/bmp_runs.h"

#include <cstdint>

namespace octet {
namespace {

// BITMAPFILEHEADER and BITMAPINFOHEADER, little endian.
constexpr size_t kHeaders = 54, kDataAt = 10, kWidthAt = 18, kHeightAt = 22, kCompressionAt = 30;
constexpr uint32_t kRle8 = 1, kRle4 = 2;
constexpr int kEndOfRow = 0, kEndOfImage = 1, kMove = 2;  // codes behind a zero

uint32_t number_at(std::span<const std::byte> bytes, size_t at) {
  uint32_t value = 0;
  for (size_t i = 4; i > 0; --i) value = value << 8 | std::to_integer<uint32_t>(bytes[at + i - 1]);
  return value;
}

struct Place {
  uint64_t column = 0, row = 0;
};

// Follows the runs from `at`. Returns whether they end with the mark of the end.
bool follow(std::span<const std::byte> bytes, size_t at, bool half_bytes, Place& place) {
  while (at + 1 < bytes.size()) {
    const auto count = std::to_integer<uint32_t>(bytes[at]);
    const auto code = std::to_integer<uint32_t>(bytes[at + 1]);
    at += 2;
    if (count > 0) {
      place.column += count;
    } else if (code == kEndOfRow) {
      place = {.column = 0, .row = place.row + 1};
    } else if (code == kEndOfImage) {
      return true;
    } else if (code == kMove) {
      if (bytes.size() - at < 2) return false;
      place.column += std::to_integer<uint32_t>(bytes[at]);
      place.row += std::to_integer<uint32_t>(bytes[at + 1]);
      at += 2;
    } else {  // pixels that are stored as they are, an even number of bytes
      const size_t stored = half_bytes ? (code + 1) / 2 : code;
      if (bytes.size() - at < stored) return false;
      place.column += code;
      at += stored + stored % 2;
    }
  }
  return false;
}

}  // namespace

bool bmp_runs_end_early(std::span<const std::byte> bytes) {
  if (bytes.size() < kHeaders) return false;
  const uint32_t compression = number_at(bytes, kCompressionAt);
  if (compression != kRle8 && compression != kRle4) return false;
  Place place;
  if (follow(bytes, number_at(bytes, kDataAt), compression == kRle4, place)) return false;
  const uint64_t width = number_at(bytes, kWidthAt), height = number_at(bytes, kHeightAt);
  return place.row + (place.column >= width ? 1 : 0) < height;
}

}  // namespace octet
