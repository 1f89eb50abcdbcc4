// A quantization in the making, and the model that it makes.
#pragma once

#include <map>
#include <string>
#include <vector>

#include "model/model.h"
#include "quant/placement.h"

namespace octet {

// One set of parameters per group of a Placement.
struct Scales {
  std::vector<QuantParams> groups;
  std::map<std::string, std::vector<float>> weights;  // of units, per convolution, (O)
  WeightGrid weight_grid;
};

// The model in integers: scales are moved to where all engines round alike
// (quant/rounding_safe_scales.h), and the graph gets the real values that its integers stand for.
// `model` without BatchNorm, in float.
[[nodiscard]] Model quantize_model(Model model, const Placement& placement, Scales scales);

}  // namespace octet
