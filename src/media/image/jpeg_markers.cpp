#include "media/image/jpeg_markers.h"

#include <algorithm>
#include <string_view>

namespace octet {
namespace {

// Markers of table B.1, and of EXIF.
constexpr uint8_t kStartOfScan = 0xDA, kEndOfImage = 0xD9, kApplication1 = 0xE1;
constexpr std::string_view kExif("Exif\0\0", 6);
constexpr size_t kMostComponents = 4;  // that a scan may have, and that any decoder takes

bool has_length(uint8_t marker) {
  return marker >= 0xC0 && (marker < 0xD0 || marker > 0xD8) && marker != 0xFF;
}

// Of frames; those between are tables.
bool starts_frame(uint8_t marker) {
  return marker >= 0xC0 && marker <= 0xCF && marker != 0xC4 && marker != 0xC8 && marker != 0xCC;
}

}  // namespace

JpegMarkers::JpegMarkers(std::span<const std::byte> bytes) {
  if (bytes.size() < 2) return;
  for (auto at = bytes.begin() + 2;; ++at) {
    at = std::find(at, bytes.end(), std::byte{0xFF});
    if (bytes.end() - at < 2) return;
    const auto marker = static_cast<uint8_t>(at[1]);
    has_end_ = marker == kEndOfImage;
    if (has_end_) return;
    if (!has_length(marker) || bytes.end() - at < 4) continue;
    const auto length = static_cast<std::ptrdiff_t>(at[2]) << 8 | static_cast<int>(at[3]);
    const std::span segment(at + 4,
                            std::clamp<std::ptrdiff_t>(length - 2, 0, bytes.end() - at - 4));
    see(marker, segment);
    at = segment.end() - 1;
  }
}

void JpegMarkers::see(uint8_t marker, std::span<const std::byte> segment) {
  const std::string_view text(reinterpret_cast<const char*>(segment.data()), segment.size());
  if (marker == kApplication1 && text.starts_with(kExif) && exif_.empty())
    exif_ = segment.subspan(kExif.size());
  if (marker == kStartOfScan) see_scan(segment);
  if (starts_frame(marker)) see_frame(segment);
}

// Precision, height, width (5 bytes), number of components, and of each id, sampling and table.
void JpegMarkers::see_frame(std::span<const std::byte> segment) {
  if (segment.size() < 6 || !components_.empty()) return;
  const size_t count = std::min(static_cast<size_t>(segment[5]), kMostComponents);
  for (size_t i = 0; i < count && 6 + 3 * i < segment.size(); ++i) {
    components_.push_back({.id = segment[6 + 3 * i], .missing_bits = {}});
    components_.back().missing_bits.fill(1);
  }
}

// The number of components, of each id and tables; then the first and the last coefficient, and the bit
// that the scan begins with and the one it ends with.
void JpegMarkers::see_scan(std::span<const std::byte> segment) {
  ++scans_;
  const size_t count = segment.empty() ? 0 : static_cast<size_t>(segment[0]);
  if (segment.size() < 4 + 2 * count) return;
  const auto tail = segment.subspan(1 + 2 * count);
  const size_t last = std::min<size_t>(63, static_cast<size_t>(tail[1]));
  const auto bits = static_cast<uint8_t>(tail[2] & std::byte{0x0F});
  for (size_t i = 0; i < count; ++i) {
    for (Component& component : components_) {
      if (component.id != segment[1 + 2 * i]) continue;
      for (auto k = static_cast<size_t>(tail[0]); k <= last; ++k) component.missing_bits[k] = bits;
    }
  }
}

bool JpegMarkers::has_all_scans() const {
  return !components_.empty() &&
         std::all_of(components_.begin(), components_.end(), [](const Component& component) {
           return std::all_of(component.missing_bits.begin(), component.missing_bits.end(),
                              [](uint8_t bits) { return bits == 0; });
         });
}

}  // namespace octet
