// Fine-tunes a detection or pose model: stochastic gradient descent with warm-up, a falling
// learning rate and an exponential moving average of the weights, judged on the validation pictures
// after every epoch.
#pragma once

#include <cstdint>
#include <filesystem>
#include <string>

#include "eval/dataset.h"
#include "model/model.h"
#include "train/batch_loader.h"
#include "train/evaluate.h"

namespace octet {

struct TrainOptions {
  int epochs = 100;
  int side = 640;
  int batch = 16;
  double learning_rate = 0.01;
  double last_learning_rate = 0.01;  // share of the first
  double momentum = 0.937;
  double weight_decay = 5e-4;  // of convolution weights only, at a batch of 64
  double warmup_epochs = 3;
  double clip_norm = 10;
  int close_mosaic = 10;  // last epochs without mosaic; never more than a half of all
  uint64_t seed = 0;
  int threads = 0;  // 0: one per core
  AugmentOptions augment;
  std::filesystem::path folder;  // best.safetensors, last.safetensors, results.csv
};

struct TrainSummary {
  int epochs = 0;
  int best_epoch = 0;
  int64_t images = 0;  // per epoch
  double seconds = 0;
  double images_per_second = 0;  // training alone, loader included
  Evaluation best;
  bool interrupted = false;
};

// The model with a head for other classes: the class convolutions' last layers are made anew,
// everything else is kept.
[[nodiscard]] Model with_classes(Model model, const std::vector<std::string>& names, uint64_t seed);

[[nodiscard]] TrainSummary train(const Model& model, const Dataset& training,
                                 const Dataset& validation, const TrainOptions& options);

}  // namespace octet
