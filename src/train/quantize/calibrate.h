// Calibration of a network that libtorch computes: quant/calibration chooses the ranges. Weights are
// rounded here.
#pragma once

#include <functional>
#include <memory>
#include <vector>

#include "eval/dataset/dataset.h"
#include "quant/calibration/calibration.h"
#include "train/network/quantized_network.h"

namespace octet {

struct CalibrationOptions {
  int side = 640;
  int pictures = 128;  // for the ranges, at most
  int tried = 6;       // for the choice between ranges
  int rounded = 16;    // for the rounding of weights
  WeightGrid weight_grid;
  torch::Device device = torch::kCPU;  // where ranges are chosen
};

// One number: how far outputs are from those of the float network.
using OutputDistance = std::function<torch::Tensor(const std::vector<torch::Tensor>& found,
                                                   const std::vector<torch::Tensor>& wanted)>;

// What a network is calibrated with. Images are (N, 3, H, W), float in [0, 1].
struct CalibrationInput {
  int64_t images = 0;  // that ranges are observed on
  std::function<torch::Tensor(int64_t image)> read;
  std::function<torch::Tensor()> tried;  // the images of distances, as one batch
  OutputDistance distance;
  torch::Device device = torch::kCPU;  // where ranges are chosen
};

// `model` without BatchNorm. It has to outlive the result.
[[nodiscard]] std::unique_ptr<CalibrationNetwork> calibration_network(const Model& model,
                                                                      CalibrationInput input);
// The same with the images of a dataset, letterboxed, and the distance of distillation.
[[nodiscard]] std::unique_ptr<CalibrationNetwork> calibration_network(
    const Model& model, const Dataset& data, const CalibrationOptions& options);

// calibrate() with that network.
[[nodiscard]] Calibration calibrate(const Model& model, const Placement& placement,
                                    const Dataset& data, const CalibrationOptions& options);

// Returns images evenly from the dataset, letterboxed: (N, 3, side, side), float in [0, 1].
[[nodiscard]] torch::Tensor calibration_batch(const Dataset& data, int pictures, int side);

// The network in integers: with weights rounded to the nearest step, or so that errors compensate each
// other (QuantizedNetwork::compensate_rounding), by the distance of the outputs. `images`: (N, 3, H,
// W), float in [0, 1].
[[nodiscard]] QuantizedNetwork rounded_network(const Model& model, const Placement& placement,
                                               const Scales& scales, const torch::Tensor& images,
                                               const OutputDistance& distance);

}  // namespace octet
