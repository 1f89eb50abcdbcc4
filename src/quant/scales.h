// A quantization in the making, and the model that it makes.
#pragma once

#include <map>
#include <optional>
#include <string>
#include <vector>

#include "graph/topology.h"
#include "model/model.h"
#include "quant/placement.h"

namespace octet {

// One set of parameters per group of a Placement.
struct Scales {
  std::vector<QuantParams> groups;
  std::map<std::string, std::vector<float>> weights;  // of units, per convolution, (O)
  WeightGrid weight_grid;
};

// The group of a convolution's output, or of the activation that engines compute within it; none
// where both stay in float.
[[nodiscard]] std::optional<size_t> output_group(const Topology& topology,
                                                 const Placement& placement, const Node& conv);

// The model in integers: scales are moved to where all engines round alike
// (quant/rounding_safe_scales.h), and the graph gets the real values that its integers stand for.
// `model` without BatchNorm, in float.
[[nodiscard]] Model quantize_model(Model model, const Placement& placement, Scales scales);

}  // namespace octet
