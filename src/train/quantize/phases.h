// The names of the phases of quantize() beside those of calibration and training.
#pragma once

namespace octet {

inline constexpr const char* kRankPhase = "ranking layers";
inline constexpr const char* kDropPhase = "mAP of layers";

}  // namespace octet
