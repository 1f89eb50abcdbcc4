#include "train/quantize/qat.h"

#include <fmt/ranges.h>

#include "core/error.h"
#include "train/loop/run_state.h"

namespace octet {

TrainSummary train_quantized(QuantizedNetwork& network, const Model& teacher,
                             const Dataset& training, const Dataset& validation,
                             const QatOptions& options) {
  Teacher float_model(teacher, teacher, options.weights);
  float_model.move_to(options.train.device);
  network.give_also(float_model.features());
  const auto loss = [&](const std::vector<torch::Tensor>& given, const torch::Tensor& image,
                        const Targets& targets) { return float_model(given, image, targets); };
  const auto before_epoch = [&](double progress, WeightAverage& average) {
    if (progress < 1 - options.frozen_part && options.learn_scales) return;
    const torch::NoGradGuard no_grad;
    for (const auto& [name, value] : network.parameters()) {  // the averages are what is kept
      if (is_scale(name)) value.detach().copy_(average.values().at(name));
    }
    network.freeze_scales();
  };
  const std::string kind = fmt::format(
      "{}int8 of {} bits{}, in float [{}], calibrated on {}, distill {}, features {}, labels {}, "
      "scale-lr {}{}: ",
      fingerprint(teacher), network.weight_grid().bits, network.weight_grid().even ? ", even" : "",
      fmt::join(options.kept_float, " "), options.calibrated_on, options.weights.outputs,
      options.weights.features, options.weights.labels, options.train.rate_of_scales,
      options.learn_scales ? "" : " observed");
  const TrainingTask task{.network = network,
                          .loss = loss,
                          .before_epoch = before_epoch,
                          .parts = {.labels = options.weights.labels > 0, .distill = true},
                          .kind = kind};
  return train(task, training, validation, options.train);
}

}  // namespace octet
