// Fine-tunes a float model.
#pragma once

#include "train/loop/teacher.h"
#include "train/loop/trainer.h"

namespace octet {

// Who teaches, and how much each part of it counts.
struct Teaching {
  const Model& teacher;
  TeachingWeights weights;
  bool keep_statistics = false;  // of BatchNorm, as they are in the model
};

// Trains `model` by the labels, or as `teaching` says. Folded or neutral BatchNorm is first
// measured and inserted again. Throws an Error when the teacher does not fit the model, and as
// train() does.
[[nodiscard]] TrainSummary train_float(const Model& model, const Dataset& training,
                                       const Dataset& validation, const TrainOptions& options,
                                       const Teaching* teaching = nullptr);

}  // namespace octet
