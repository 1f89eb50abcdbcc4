// Scans of JPEGs. Each goes through every block of the picture, so that a small file can keep a decoder
// busy for minutes, which nothing interrupts.
#pragma once

#include <cstddef>
#include <span>

struct AVCodecContext;
struct AVPacket;

namespace octet {

inline constexpr int kMaxScans = 100;  // of a picture; encoders write 1 to 20

// How many begin in these bytes, of whatever JPEGs; so many at most.
[[nodiscard]] int count_scans(std::span<const std::byte> bytes, int at_most);

// Of a frame of Motion JPEG.
[[nodiscard]] bool has_too_many_scans(const AVCodecContext& codec, const AVPacket& packet);

}  // namespace octet
