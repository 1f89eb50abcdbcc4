// How large pictures may be. Their files say so themselves, and a few hundred bytes can claim anything.
#pragma once

#include <cstdint>

namespace octet {

// 10,000 × 10,000; in memory up to 12 bytes each while they are decoded.
inline constexpr int64_t kMaxPicturePixels = 100'000'000;

}  // namespace octet
