// Makes the times of layers comparable with those of inferences without timed layers.
#pragma once

#include <vector>

#include "measure/profile/profile.h"

namespace octet {

// Layers are means over the inferences that took `inferences_ms`. A few slow ones raise a mean, so
// the layers are scaled to their median, which becomes profiled_ms. Without layers nothing changes.
void scale_to_usual(std::vector<double> inferences_ms, Profile& profile);

// Sets layers_ms. Some engines keep books within the times that they tell. Where the layers add up
// to more than an inference without timed layers, each gives the same time, and timing_ms is what
// they gave together. It is never more than timing added to an inference. Not for cut networks.
void take_off_timing(Profile& profile);

}  // namespace octet
