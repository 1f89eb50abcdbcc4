// Quantization-aware training: a quantized network learns to give the outputs of the float model it
// came from, and the labels' boxes.
#pragma once

#include "train/loop/trainer.h"
#include "train/quantize/calibrate.h"

namespace octet {

struct QatOptions {
  TrainOptions train;
  double distill = 1.0;       // weight of the distance from the float model's outputs
  double features = 0.0;      // weight of the distance from its features
  double labels = 0.0;        // weight of the detection loss
  bool learn_scales = true;   // else they stay as calibrated
  double frozen_part = 0.25;  // the last part of the training, in which scales stay as they are
};

// `teacher`: float, without BatchNorm, of the same function as `network` before it was quantized.
[[nodiscard]] TrainSummary train_quantized(QuantizedNetwork& network, const Model& teacher,
                                           const Dataset& training, const Dataset& validation,
                                           const QatOptions& options);

}  // namespace octet
