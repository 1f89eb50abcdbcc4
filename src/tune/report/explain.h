// The words of a tuning: why each choice was made, and what would meet a goal that is not met.
#pragma once

#include <map>
#include <string>

#include "tune/runtimes.h"
#include "tune/work.h"

namespace octet {

// "12.1 detections a second, no older than 80 ms, 45 % of the processor, accuracy 0.912", as far as
// it is known.
[[nodiscard]] std::string figures_text(const Figures& figures,
                                       const std::optional<double>& accuracy);

// Of the keys of live.yaml. `met`: the goals are expected to hold, or were seen to.
[[nodiscard]] std::map<std::string, std::string> reasons_of(
    const TuneWork& work, const TunePoint& chosen,
    const std::vector<std::vector<Runtime>>& runtimes, bool met);

// A sentence; empty where the goals hold with the figures of `nearest`. `fixed`: of these figures.
[[nodiscard]] std::string advice_for(const TuneGoals& goals, const Footage& footage,
                                     const TunePoint& nearest, const FixedPart& fixed);

}  // namespace octet
