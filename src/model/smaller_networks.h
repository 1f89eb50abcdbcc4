// The networks that pruning may make of a model, as far as they have other layers.
#pragma once

#include <vector>

#include "model/model.h"

namespace octet {

// Without the values of weights. The model without BatchNorm and with fine keypoints, as it is
// quantized, and every network that lacks some of its blocks or a scale. A cost table for pruning
// has the layers of all of them.
[[nodiscard]] std::vector<Graph> smaller_networks(const Model& model);

}  // namespace octet
