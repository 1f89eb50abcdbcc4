// Keypoints lie a person's size away from their cell, and 255 steps of that are pixels: 2.4 at
// stride 32. The convolution that makes them is small, so it is computed twice more, a third of a
// step lower and higher. The three round at different places, and their mean has a third of a step.
#pragma once

#include "quant/placement.h"

namespace octet {

// Moves the fine keypoints of add_fine_keypoints() (model/passes/passes.h) down and up by a third of their step. The mean
// stays what it was. `groups` are the parameters of placement.groups.
void spread_fine_keypoints(Model& model, const Placement& placement,
                           const std::vector<QuantParams>& groups);

}  // namespace octet
