// All that a training run needs to continue exactly, in last.safetensors beside the averaged model.
#pragma once

#include <filesystem>
#include <string>

#include "eval/metric/coco_metric.h"
#include "train/loop/optimizer.h"
#include "train/loop/weight_average.h"
#include "train/loss/loss.h"
#include "train/network/network.h"

namespace octet {

struct RunPosition {
  int epoch = 0;      // the next one, from 0
  int64_t batch = 0;  // the next one of it
  int best_epoch = 0;
  double best_fitness = -2;
  CocoSummary best_boxes, best_keypoints;  // mAP50 and mAP50-95 of the best epoch
  double seconds = 0;                      // spent so far
  int epochs = 0;                          // that the run was to have
  LossItems loss;            // of the epoch's batches so far: their share of its means
  double epoch_seconds = 0;  // spent on them
};

// What a run is a run of: continuing with other options would be another run.
using RunKey = std::string;

// Its part that says which model the run began with.
[[nodiscard]] std::string fingerprint(const Model& model);

void write_run(const std::filesystem::path& file, const Model& averaged,
               const RunPosition& position, const RunKey& key, TrainableNetwork& network,
               WeightAverage& average, Optimizer& optimizer);

// Fills network, average and optimizer. Throws an Error naming the file when it is of another model
// or of a run with other options.
[[nodiscard]] RunPosition read_run(const std::filesystem::path& file, const RunKey& key,
                                   TrainableNetwork& network, WeightAverage& average,
                                   Optimizer& optimizer);

}  // namespace octet
