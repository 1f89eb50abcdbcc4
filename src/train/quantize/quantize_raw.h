// Quantizes a network of another program to int8, on pictures without labels: calibration, then
// training towards the outputs of its float network.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "train/quantize/imitate.h"
#include "train/quantize/pose_agreement.h"
#include "train/quantize/quantize.h"
#include "train/quantize/raw_pictures.h"

namespace octet {

struct OutputDistances {
  std::string name;
  double ptq = 0, after = 0;  // of the calibrated network, and of the result
};

struct RawQuantizeResult {
  Model model;
  Calibration calibration;
  std::vector<OutputDistances> outputs;
  size_t judged = 0;  // crops
  std::optional<ImitationSummary> training;
  std::optional<PoseAgreement> agreement;  // of a pose network
};

// `model`: float, with raw outputs. Of `options` the method, the calibration without its side, the
// training and learn_scales are used.
[[nodiscard]] RawQuantizeResult quantize_raw(const Model& model, const RawPictures& pictures,
                                             const QuantizeOptions& options);

}  // namespace octet
