// The names of the phases of pruning, whose progress is shown as one (core/progress.h).
#pragma once

namespace octet {

inline constexpr const char* kImportancePhase = "importance of channels";
inline constexpr const char* kTrialPhase = "trial of removals";

}  // namespace octet
