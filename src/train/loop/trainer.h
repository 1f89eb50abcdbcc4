// Trains a network on labelled images, with warm-up, a falling learning rate and an exponential
// moving average of the weights. After every epoch it is evaluated on the validation images.
#pragma once

#include <cstdint>
#include <filesystem>
#include <functional>
#include <optional>
#include <set>
#include <string>

#include "eval/dataset/dataset.h"
#include "model/model.h"
#include "train/data/batch_loader.h"
#include "train/loop/evaluate.h"
#include "train/loop/optimizer.h"
#include "train/loop/weight_average.h"
#include "train/network/network.h"

namespace octet {

struct TrainOptions {
  int epochs = 100;
  int side = 640;
  int batch = 16;
  OptimizerKind optimizer = OptimizerKind::kSgd;
  double learning_rate = 0;  // 0: as usual_learning_rate() has it
  // Whether the model already detects these classes. It is then evaluated first, and stays the best
  // unless an epoch is better.
  bool already_trained = false;
  bool learns_anew = false;  // the usual learning rate is that of a model that is not trained yet
  bool cosine = false;
  double last_learning_rate = 0.01;  // share of the first
  double rate_of_scales = 1;         // learning rate of quantization scales, as a multiple
  double momentum = 0.937;
  double weight_decay = 5e-4;  // of convolution weights only, at a batch of 64
  double warmup_epochs = 3;
  double most_warmup = 0;       // its largest share of all epochs; 0: any
  double warmup_bias = 10;      // where the rate of biases starts, as a multiple; with SGD
  double initial_fitness = -2;  // the fitness that the first best epoch has to exceed
  double clip_norm = 10;
  int accumulate = 1;  // batches a step
  int patience = 100;  // epochs without a better one until training stops
  // Convolutions with random weights. By default SGD trains them at 0.01 from the first batch on.
  std::set<std::string> new_layers;
  int freeze = 0;         // the first layers of the model, "model.0" on, stay as they are
  int close_mosaic = 10;  // last epochs without mosaic; never more than a half of all
  bool bf16 = false;
  torch::Device device = torch::kCPU;
  bool rectangular = false;    // each image is evaluated in its fitting rectangle
  std::optional<Size> judged;  // the input of images in an evaluation; else the square of `side`
  bool resume = false;
  uint64_t seed = 0;
  int threads = 0;      // 0: one per core
  double cache_gb = 4;  // as LoaderOptions has it
  AugmentOptions augment;
  AverageOptions average;
  std::filesystem::path folder;  // best.safetensors, last.safetensors, results.csv
};

// Returns 0.01 for SGD and 0.001 for AdamW. With up to 10,000 batches in all, the rate of SGD is
// for 40 images a step and lower with fewer, so that a short training does not destroy the
// knowledge of the model. It is at most a tenth for a model that is already trained, unless it
// `learns_anew`. A resumed run keeps the rate that it began with, also where it has more epochs.
[[nodiscard]] double usual_learning_rate(const TrainOptions& options, int64_t batches);

// The input size of images in an evaluation.
[[nodiscard]] inline SizeOption judging_size(const TrainOptions& o) {
  return {.size = o.judged.value_or(Size{o.side, o.side}), .exact = !o.rectangular};
}

struct EpochResult {
  int epoch = 0;  // from 1
  double seconds = 0;
  double images_per_second = 0;
  LossItems loss;  // means
  Evaluation evaluation;
  double learning_rate = 0;
};

struct TrainSummary {
  std::vector<EpochResult> epochs;  // of this run, without those before a resume
  int epochs_done = 0;              // of the whole run, as `seconds`
  int best_epoch = 0;
  int64_t images = 0;  // per epoch
  double seconds = 0;
  double images_per_second = 0;  // training alone, loader included
  Evaluation best;               // of an epoch before a resume: mAP50 and mAP50-95 alone
  bool interrupted = false;
};

struct TrainingTask {
  TrainableNetwork& network;
  // Returns the loss of the network's outputs on a batch. `image` is the input of the network.
  std::function<LossItems(const std::vector<torch::Tensor>& outputs, const torch::Tensor& image,
                          const Targets& targets)>
      loss;
  // Called before each epoch, with the share of the training done.
  std::function<void(double progress, WeightAverage& average)> before_epoch = {};
  LossParts parts = {};  // the losses that there are
  // A further part of the run's key, which a resumed run must share.
  std::string kind = {};
};

// A request to stop is heeded behind a step and during validation, and everything is saved. Throws an
// Error when the loss is not a number any more, or `resume` finds another run's files.
[[nodiscard]] TrainSummary train(const TrainingTask& task, const Dataset& training,
                                 const Dataset& validation, const TrainOptions& options);

}  // namespace octet
