// A time in a picture that survives compression: 24 bits of milliseconds as blocks of black and
// white at the top left, the lowest bit first.
#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>

namespace octet {

inline constexpr int kTimeBits = 24;
inline constexpr int kTimeBlock = 16;  // pixels a side

inline int64_t monotonic_ms() {
  return std::chrono::duration_cast<std::chrono::milliseconds>(
             std::chrono::steady_clock::now().time_since_epoch())
      .count();
}

// `luma`: a plane whose rows lie `stride` bytes apart, at least 24 blocks wide.
inline void burn_time(uint8_t* luma, std::ptrdiff_t stride, int64_t ms) {
  for (int y = 0; y < kTimeBlock; ++y) {
    for (int x = 0; x < kTimeBits * kTimeBlock; ++x)
      luma[y * stride + x] = (ms >> (x / kTimeBlock) & 1) != 0 ? 235 : 16;
  }
}

// How long ago the picture with this luma was made, in milliseconds.
inline int64_t burned_age_ms(const uint8_t* luma, std::ptrdiff_t stride, int64_t now_ms) {
  int64_t ms = 0;
  for (int bit = 0; bit < kTimeBits; ++bit) {
    const std::ptrdiff_t centre = kTimeBlock / 2;
    if (luma[centre * stride + bit * kTimeBlock + centre] > 128) ms |= int64_t{1} << bit;
  }
  return (now_ms - ms) & ((int64_t{1} << kTimeBits) - 1);
}

}  // namespace octet
