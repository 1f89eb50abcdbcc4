// The scales of a quantization, and the model that is made from them.
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

// Returns the model in integers. Scales are moved to values at which all engines round alike
// (quant/rounding_safe_scales.h), and the graph gets the real values of its integers. `model` is a
// float model without BatchNorm.
[[nodiscard]] Model quantize_model(Model model, const Placement& placement, Scales scales);

}  // namespace octet
