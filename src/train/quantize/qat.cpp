#include "train/quantize/qat.h"

#include "core/error.h"
#include "train/loop/run_state.h"
#include "train/loss/distill.h"
#include "train/loss/loss.h"
#include "train/network/graph_executor.h"

namespace octet {

TrainSummary train_quantized(QuantizedNetwork& network, const Model& teacher,
                             const Dataset& training, const Dataset& validation,
                             const QatOptions& options) {
  GraphExecutor float_net(teacher.graph);
  float_net.move_to(options.train.device);
  const Distillation distance(teacher);
  const Loss labels(teacher.info, teacher.outputs());
  const size_t outputs = teacher.outputs().size();
  const std::vector<std::string> features =
      options.features > 0 ? shared_features(teacher.graph) : std::vector<std::string>{};
  network.give_also(features);
  const auto loss = [&](const std::vector<torch::Tensor>& given, const torch::Tensor& image,
                        const Targets& targets) {
    std::vector<torch::Tensor> wanted;
    {
      const torch::NoGradGuard no_grad;
      wanted = float_net.forward(image, NormMode::kRunningStatistics, features);
    }
    const auto images = static_cast<double>(image.size(0));
    torch::Tensor total = distance(given, wanted);
    LossItems items;
    if (options.labels > 0) items = labels(given, targets);
    items.distill = total.item<double>();
    if (options.features > 0) {
      total = total + feature_distance(std::span(given).subspan(outputs),
                                       std::span(wanted).subspan(outputs)) *
                          options.features;
    }
    total = total * (options.distill * images);
    if (options.labels > 0) total = total + items.total * options.labels;
    items.total = total;
    return items;
  };
  const auto before_epoch = [&](double progress, WeightAverage& average) {
    if (progress < 1 - options.frozen_part && options.learn_scales) return;
    const torch::NoGradGuard no_grad;
    for (const auto& [name, value] : network.parameters()) {  // the averages are what is kept
      if (is_scale(name)) value.detach().copy_(average.values().at(name));
    }
    network.freeze_scales();
  };
  const std::string kind = fmt::format(
      "{}int8 of {} bits{}, distill {}, features {}, labels {}, scale-lr {}{}: ",
      fingerprint(teacher), network.weight_grid().bits, network.weight_grid().even ? ", even" : "",
      options.distill, options.features, options.labels, options.train.rate_of_scales,
      options.learn_scales ? "" : " observed");
  const TrainingTask task{.network = network,
                          .loss = loss,
                          .before_epoch = before_epoch,
                          .parts = {.labels = options.labels > 0, .distill = true},
                          .kind = kind};
  return train(task, training, validation, options.train);
}

}  // namespace octet
