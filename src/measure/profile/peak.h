// The most operations a second that an engine reaches on this processor.
#pragma once

#include <string>
#include <vector>

#include "engine/engine.h"
#include "measure/profile/profile.h"

namespace octet {

// Measures convolutions that engines are good at, in int8 or in float as `options` say. Empty where
// the engine tells no times.
[[nodiscard]] std::vector<Peak> measure_peak(Engine& engine, const EngineOptions& options,
                                             int weight_bits);

// Sets `peaks`: for each precision the best of `measured`, and of the layers themselves. Sets
// of_peak of the layers.
void compare_with_peaks(const std::vector<Peak>& measured, Profile& profile);

}  // namespace octet
