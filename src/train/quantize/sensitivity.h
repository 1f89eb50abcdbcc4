// The cost of quantizing each layer alone: its weights, and its values.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "train/network/partial_run.h"
#include "train/quantize/calibrate.h"

namespace octet {

struct LayerCost {
  std::string conv;
  double distance = 0;  // of the outputs from the float network's, as Distillation measures it
  std::optional<double> drop = std::nullopt;  // of mAP50-95, where it was asked for
};

// Quantizes one convolution alone: its weights, its output, and the output of its activation.
[[nodiscard]] PartialQuantization quantized_layer(const Model& model, const Placement& placement,
                                                  const Scales& scales, const std::string& conv);

// The costliest first. `calibration` is of the placement in which every layer is quantized.
[[nodiscard]] std::vector<LayerCost> rank_layers(const Model& model, const Placement& placement,
                                                 const Calibration& calibration,
                                                 const Dataset& data,
                                                 const CalibrationOptions& options);

}  // namespace octet
