#include "train/prune/recovery.h"

namespace octet {

TrainSummary recover(const PrunedModel& pruned, const Dataset& training, const Dataset& validation,
                     const RecoveryOptions& options) {
  TrainOptions train = options.train;
  if (train.already_trained && train.learning_rate == 0) {
    TrainOptions untrained = train;
    untrained.already_trained = false;
    const auto pictures = static_cast<int64_t>(training.samples.size());
    const int64_t batches = (pictures + train.batch - 1) / train.batch;
    train.learning_rate = usual_learning_rate(untrained, train.epochs * batches);
  }
  const Teaching teaching{.teacher = pruned.teacher,
                          .weights = options.weights,
                          .keep_statistics = options.keep_statistics};
  return train_float(pruned.model, training, validation, train, &teaching);
}

}  // namespace octet
