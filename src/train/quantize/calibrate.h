// Calibration of a network that libtorch computes: quant/calibration chooses the ranges. Biases are
// corrected here.
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
  int corrected = 16;  // for the biases
  WeightGrid weight_grid;
  torch::Device device = torch::kCPU;  // where ranges are chosen
};

// What a network is calibrated with. Images are (N, 3, H, W), float in [0, 1].
struct CalibrationInput {
  int64_t images = 0;  // that ranges are observed on
  std::function<torch::Tensor(int64_t image)> read;
  std::function<torch::Tensor()> tried;  // the images of distances, as one batch
  // Of the outputs from those of the float network, one number.
  std::function<torch::Tensor(const std::vector<torch::Tensor>& found,
                              const std::vector<torch::Tensor>& wanted)>
      distance;
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

// Removes the mean error of rounded weights from the biases of `network`, on these images: (N, 3, H,
// W), float in [0, 1].
void correct_biases(QuantizedNetwork& network, const Model& model, const torch::Tensor& images);
// The same on a few images of a dataset.
void correct_biases(QuantizedNetwork& network, const Model& model, const Dataset& data,
                    const CalibrationOptions& options);

}  // namespace octet
