// Keypoints lie a person's size away from their cell, and 255 steps of that are pixels: 2.4 at
// stride 32. The convolution that makes them is small, so it is computed twice more, a third of a
// step lower and higher. The three round at different places, and their mean has a third of a step.
#pragma once

#include "graph/graph.h"
#include "quant/placement.h"

namespace octet {

// Adds an output of fine keypoints beside each of keypoints that a convolution makes. Not yet
// spread: all say the same. `graph` without BatchNorm.
[[nodiscard]] Graph add_fine_keypoints(Graph graph);

// Moves the fine keypoints of add_fine_keypoints() down and up by a third of their step. The mean
// stays what it was. `groups` are the parameters of placement.groups.
void spread_fine_keypoints(Graph& graph, const Placement& placement,
                           const std::vector<QuantParams>& groups);

}  // namespace octet
