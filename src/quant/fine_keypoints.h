// A keypoint may be as far from its cell as a person is large, and an int8 value has 255 steps for
// that. At stride 32 a step is 2.4 pixels. The keypoint convolution is small, so it is computed
// twice more, a third of a step lower and higher. The three round at different places, and their
// mean has a third of a step.
#pragma once

#include "quant/placement.h"

namespace octet {

// Moves the fine keypoints of add_fine_keypoints() (model/passes/passes.h) down and up by a third
// of their step. The mean is unchanged. `groups` are the parameters of placement.groups.
void spread_fine_keypoints(Model& model, const Placement& placement,
                           const std::vector<QuantParams>& groups);

}  // namespace octet
