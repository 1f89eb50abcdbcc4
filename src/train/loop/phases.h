// The phases of train(), whose progress and remaining time are shown as one (core/progress.h).
#pragma once

#include <cstddef>
#include <vector>

#include "core/work_estimate.h"

namespace octet {

struct TrainOptions;

inline constexpr const char* kTrainingPhase = "training";
inline constexpr const char* kValidationPhase = "validation";

// `images`: of training; `validated`: of validation.
[[nodiscard]] std::vector<WorkPhase> training_phases(const TrainOptions& options, size_t images,
                                                     size_t validated);

}  // namespace octet
