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
  // BatchNorm uses the statistics of the model in training too. Those of a batch differ from them,
  // most with few images, and the network would learn to undo that first. Half of the channels of
  // one block of YOLOv8n were taken away, and it was trained for 4 steps on 12 images at 160: the
  // distance from the teacher went from 0.73 to 0.19, and with statistics of batches to 0.89.
  bool keep_statistics = true;
};

// Trains `model`. The learning rate is that of a model that does not yet detect its classes: what
// pruning took away has to be learnt, and the rate for a trained model is too low for that. The
// warm-up is at most a tenth of all epochs, and biases of a trained model have it like weights. The
// result is best.safetensors in the folder of the run. Throws as train_float() does.
struct PrunedModel {
  const Model& model;
  const Model& teacher;
};
[[nodiscard]] TrainSummary recover(const PrunedModel& pruned, const Dataset& training,
                                   const Dataset& validation, const RecoveryOptions& options);

}  // namespace octet
