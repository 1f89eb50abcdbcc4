// The names of the phases of quantize(), whose progress and remaining time are shown as one.
#pragma once

namespace octet {

inline constexpr const char* kCollectPhase = "observing ranges";
inline constexpr const char* kChoosePhase = "choosing ranges";
inline constexpr const char* kSiluPhase = "choosing ranges at SiLU";
inline constexpr const char* kRankPhase = "ranking layers";
inline constexpr const char* kDropPhase = "mAP of layers";

}  // namespace octet
