// The state that a training run needs to continue exactly. It is in last.safetensors, beside the
// averaged model.
#pragma once

#include <filesystem>
#include <string>

#include "eval/dataset/dataset.h"
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
  double base_rate = 0;      // the first learning rate
  int64_t steps = 0;         // of the optimizer: of what was read
  int64_t updates = 0;       // of the average, likewise
};

// The identity of a run: model and options. A run with other options is another run.
using RunKey = std::string;

// The part of the key for the first model of the run.
[[nodiscard]] std::string fingerprint(const Model& model);

// That of the images, by their names: they may lie in another folder, with labels of a model. And of
// the keypoints of mirrored images.
[[nodiscard]] std::string fingerprint(const Dataset& data);

void write_run(const std::filesystem::path& file, const Model& averaged,
               const RunPosition& position, const RunKey& key, TrainableNetwork& network,
               WeightAverage& average, Optimizer& optimizer);

// Throws an Error that names the file when it is no state of a run.
[[nodiscard]] RunPosition read_position(const std::filesystem::path& file);

// Throws as read_run() does where that is known from the key.
void require_same_run(const std::filesystem::path& file, const RunKey& key);

// Fills network, average and optimizer. Throws an Error that names the file when it belongs to
// another model, or to a run with other options.
[[nodiscard]] RunPosition read_run(const std::filesystem::path& file, const RunKey& key,
                                   TrainableNetwork& network, WeightAverage& average,
                                   Optimizer& optimizer);

}  // namespace octet
