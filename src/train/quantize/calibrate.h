// Post-training quantization. Ranges come from images and are chosen for each value by their effect
// on the outputs. Weight scales minimize the squared error, and biases are corrected.
#pragma once

#include <cstdint>
#include <filesystem>
#include <string>
#include <vector>

#include "eval/dataset/dataset.h"
#include "quant/histogram.h"
#include "quant/placement.h"
#include "train/network/quantized_network.h"

namespace octet {

struct CalibrationOptions {
  int side = 640;
  int pictures = 128;  // for the ranges, at most
  int tried = 6;       // for the choice between ranges
  int corrected = 16;  // for the biases
  WeightGrid weight_grid;
  torch::Device device = torch::kCPU;  // where ranges are chosen
};

struct GroupCalibration {
  std::vector<std::string> values;
  RangeMethod method = RangeMethod::kMinMax;
  ValueRange seen, range;
  double distance = 0;  // of the outputs, when this group alone is quantized
};

struct Calibration {
  Scales scales;
  std::vector<GroupCalibration> groups;
  int64_t pictures = 0;
};

// `model` without BatchNorm.
[[nodiscard]] Calibration calibrate(const Model& model, const Placement& placement,
                                    const Dataset& data, const CalibrationOptions& options);

// Returns images evenly from the dataset, letterboxed: (N, 3, side, side), float in [0, 1].
[[nodiscard]] torch::Tensor calibration_batch(const Dataset& data, int pictures, int side);

// Removes the mean error of rounded weights from the biases of `network`, on a few images.
void correct_biases(QuantizedNetwork& network, const Model& model, const Dataset& data,
                    const CalibrationOptions& options);

}  // namespace octet
