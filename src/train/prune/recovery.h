// Recovery: a pruned float model is trained with the unpruned one as its teacher.
//
//   Model pruned = …;  // an ordinary model
//   RecoveryOptions options;
//   options.train.folder = "run";
//   const TrainSummary summary = recover({pruned, teacher}, training, validation, options);
#pragma once

#include "train/loop/train_float.h"

namespace octet {

struct RecoveryOptions {
  TrainOptions train;
  TeachingWeights weights{.outputs = 1, .features = 0, .labels = 1};
};

// Trains `model`. The learning rate is that of a model that does not yet detect its classes: what
// pruning took away has to be learnt, and the rate for a trained model is too low for that. The
// result is best.safetensors in the folder of the run. Throws as train_float() does.
struct PrunedModel {
  const Model& model;
  const Model& teacher;
};
[[nodiscard]] TrainSummary recover(const PrunedModel& pruned, const Dataset& training,
                                   const Dataset& validation, const RecoveryOptions& options);

}  // namespace octet
