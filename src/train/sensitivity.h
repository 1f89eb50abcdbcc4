// What quantizing each layer alone costs: its weights, and the values it makes.
#pragma once

#include <string>
#include <vector>

#include "train/calibrate.h"

namespace octet {

struct LayerCost {
  std::string conv;
  double distance = 0;  // of the outputs from the float network's, as Distillation measures it
};

// The costliest first. `calibration` is of the placement in which every layer is quantized.
[[nodiscard]] std::vector<LayerCost> rank_layers(const Model& model, const Placement& placement,
                                                 const Calibration& calibration,
                                                 const Dataset& data,
                                                 const CalibrationOptions& options);

}  // namespace octet
