// Quantization-aware training: a quantized network learns to give the outputs of its float model,
// and the boxes of the labels.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "train/loop/teacher.h"
#include "train/loop/trainer.h"
#include "train/quantize/calibrate.h"

namespace octet {

struct QatOptions {
  TrainOptions train;
  TeachingWeights weights;   // the float model is the teacher
  bool learn_scales = true;  // else they stay as calibrated
  // For the identity of the run: the images that the scales come from, and the layers in float.
  int64_t calibrated_on = 0;
  std::vector<std::string> kept_float = {};
  double frozen_part = 0.25;  // the last part of the training, in which scales stay as they are
};

// `teacher` is the float model of `network` without BatchNorm.
[[nodiscard]] TrainSummary train_quantized(QuantizedNetwork& network, const Model& teacher,
                                           const Dataset& training, const Dataset& validation,
                                           const QatOptions& options);

}  // namespace octet
