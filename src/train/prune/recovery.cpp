#include "train/prune/recovery.h"

namespace octet {
namespace {

constexpr double kMostWarmup = 0.1;  // of all epochs: a short recovery has to learn, too

}  // namespace

TrainSummary recover(const PrunedModel& pruned, const Dataset& training, const Dataset& validation,
                     const RecoveryOptions& options) {
  TrainOptions train = options.train;
  train.learns_anew = true;
  train.most_warmup = kMostWarmup;
  if (train.already_trained) train.warmup_bias = 0;  // they are no worse than the weights
  const Teaching teaching{.teacher = pruned.teacher,
                          .weights = options.weights,
                          .keep_statistics = options.keep_statistics};
  return train_float(pruned.model, training, validation, train, &teaching);
}

}  // namespace octet
