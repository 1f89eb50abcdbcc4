#include "train/loop/train_float.h"

#include <fmt/format.h>

#include <optional>

#include "core/progress.h"
#include "train/loop/phases.h"
#include "train/loop/run_state.h"
#include "train/network/batch_norm.h"
#include "train/network/device.h"
#include "train/network/float_network.h"

namespace octet {
namespace {

std::string kind_of(const Model& model, const Teaching* teaching) {
  if (teaching == nullptr) return fingerprint(model);
  const TeachingWeights& w = teaching->weights;
  return fmt::format("{}teacher {}outputs {}, features {}, labels {}{}, ", fingerprint(model),
                     fingerprint(teaching->teacher), w.outputs, w.features, w.labels,
                     teaching->keep_statistics ? ", kept statistics" : "");
}

}  // namespace

TrainSummary train_float(const Model& model, const Dataset& training, const Dataset& validation,
                         const TrainOptions& options, const Teaching* teaching) {
  use_threads(options.threads);
  const ProgressPlan plan(
      training_phases(options, training.samples.size(), validation.samples.size()));
  std::optional<Teacher> teacher;
  if (teaching != nullptr) {
    teacher.emplace(teaching->teacher, model, teaching->weights);
    teacher->move_to(options.device);
  }
  const LoaderOptions as_trained{.side = options.side,
                                 .batch = 8,
                                 .seed = options.seed,
                                 .augment = options.augment,
                                 .cache_gb = 0};
  FloatNetwork network(with_batch_norm(model, training, as_trained), options.freeze);
  if (teacher) network.give_also(teacher->features());
  if (teaching != nullptr && teaching->keep_statistics) network.keep_all_statistics();
  const Loss labels(model.info, model.outputs());
  const auto loss = [&](const std::vector<torch::Tensor>& outputs, const torch::Tensor& image,
                        const Targets& targets) {
    return teacher ? (*teacher)(outputs, image, targets) : labels(outputs, targets);
  };
  const LossParts parts{.labels = teaching == nullptr || teaching->weights.labels > 0,
                        .distill = teaching != nullptr};
  return train({.network = network, .loss = loss, .parts = parts, .kind = kind_of(model, teaching)},
               training, validation, options);
}

}  // namespace octet
