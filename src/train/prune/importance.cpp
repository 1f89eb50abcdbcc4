#include "train/prune/importance.h"

#include <ATen/CPUGeneratorImpl.h>
#include <torch/csrc/autograd/autograd.h>

#include <algorithm>

#include "core/error.h"
#include "core/numeric/rank_correlation.h"
#include "core/process.h"
#include "core/progress.h"
#include "graph/topology.h"
#include "model/passes/passes.h"
#include "train/data/batch_loader.h"
#include "train/loop/evaluate.h"
#include "train/loss/distill.h"
#include "train/loss/loss.h"
#include "train/network/graph_executor.h"
#include "train/prune/phases.h"

namespace octet {
namespace {

// The value of a convolution behind its activation, without outputs of the graph.
std::map<std::string, const Conv2d*> made_values(const Graph& graph) {
  const Topology topology(graph);
  std::map<std::string, const Conv2d*> values;
  for (const Node& node : graph.nodes) {
    const auto* conv = std::get_if<Conv2d>(&node.op);
    if (conv == nullptr) continue;
    const Node* act = topology.activation_after(node);
    const std::string& name = act != nullptr ? act->name : node.name;
    if (!topology.is_output(name)) values.emplace(name, conv);
  }
  return values;
}

// Half of the mean square of each column.
std::vector<double> half_mean_squares(const torch::Tensor& effects) {
  const torch::Tensor scores = effects.to(torch::kDouble).square().mean(0) / 2;
  return {scores.data_ptr<double>(), scores.data_ptr<double>() + scores.numel()};
}

class Measurement {
 public:
  Measurement(const Model& model, const Dataset& data, const ImportanceOptions& options)
      : options_(options),
        net_(model.graph),
        outputs_(model.outputs().size()),
        distance_(model),
        labels_(model.info, model.outputs()),
        random_(at::make_generator<at::CPUGeneratorImpl>(options.seed)),
        loader_(data, {.side = options.side,
                       .batch = options.batch,
                       .seed = options.seed,
                       .augment = AugmentOptions::none(),
                       .cache_gb = 0}) {
    net_.move_to(options.device);
    for (const auto& [name, conv] : made_values(net_.structure())) names_.push_back(name);
  }

  Importance run() {
    Progress progress(loader_.pictures(), kImportancePhase);
    int64_t done = 0;
    loader_.begin_epoch(0, false);
    while (const auto batch = loader_.next()) {
      if (stop_requested()) fail("interrupted while measuring importance; nothing was written");
      add(*batch);
      progress.update(done += batch->image.size(0));
    }
    Importance result;
    for (auto& [name, parts] : effects_) result.effects[name] = torch::cat(parts);
    return result;
  }

 private:
  void add(const Batch& batch) {
    const torch::Tensor image = to_unit(batch.image.to(options_.device));
    const auto given = net_.forward(image, NormMode::kRunningStatistics, names_);
    const std::vector<torch::Tensor> values(given.begin() + static_cast<std::ptrdiff_t>(outputs_),
                                            given.end());
    const auto gradients = torch::autograd::grad({loss(given, batch)}, values, {}, false, false,
                                                 /*allow_unused=*/true);
    for (size_t i = 0; i < values.size(); ++i) {
      const torch::Tensor effect = gradients[i].defined()
                                       ? (values[i].detach() * gradients[i]).sum({2, 3})
                                       : torch::zeros({values[i].size(0), values[i].size(1)});
      effects_[names_[i]].push_back(effect.cpu());
    }
  }

  // Of one image each, added.
  torch::Tensor loss(const std::vector<torch::Tensor>& given, const Batch& batch) {
    if (options_.labels) return labels_(given, batch.targets).total;
    // The distance is a mean over the batch, and the square of this becomes a sum.
    return distance_.probe(given, random_) * std::sqrt(static_cast<double>(batch.image.size(0)));
  }

  ImportanceOptions options_;
  GraphExecutor net_;
  size_t outputs_;
  Distillation distance_;
  Loss labels_;
  at::Generator random_;
  BatchLoader loader_;
  std::vector<std::string> names_;
  std::map<std::string, std::vector<torch::Tensor>> effects_;
};

// Every second row, from the first or the second on.
torch::Tensor half_of(const torch::Tensor& rows, int64_t first) {
  return rows.slice(0, first, rows.size(0), 2);
}

}  // namespace

ChannelScores Importance::scores() const {
  ChannelScores scores;
  for (const auto& [name, effect] : effects) scores[name] = half_mean_squares(effect);
  return scores;
}

double Importance::of(std::span<const ValueChannel> group) const {
  torch::Tensor sum;
  for (const ValueChannel& member : group) {
    const auto found = effects.find(member.value);
    if (found == effects.end()) continue;
    const torch::Tensor effect = found->second.select(1, member.channel);
    sum = sum.defined() ? sum + effect : effect;
  }
  return sum.defined() ? half_mean_squares(sum.unsqueeze(1)).front() : 0;
}

double Importance::agreement() const {
  std::vector<double> halves[2];
  for (const auto& [name, effect] : effects) {
    if (effect.size(0) < 2) return 0;
    for (const int64_t half : {0, 1}) {
      const std::vector<double> scores = half_mean_squares(half_of(effect, half));
      halves[half].insert(halves[half].end(), scores.begin(), scores.end());
    }
  }
  return rank_correlation(halves[0], halves[1]);
}

Importance measure_importance(const Model& model, const Dataset& data,
                              const ImportanceOptions& options) {
  const Dataset some = evenly(data, options.images);
  if (some.samples.empty()) fail("there are no images to measure importance with");
  if (options.labels) require_labels(some, "importance by labels");
  return Measurement(fold_batch_norm(model), some, options).run();
}

ChannelScores squared_weight_norms(const Model& model) {
  const Graph folded = fold_batch_norm(model).graph;
  ChannelScores scores;
  for (const auto& [name, conv] : made_values(folded)) {
    const torch::Tensor weight = to_torch(conv->weight).to(torch::kDouble);
    const torch::Tensor squares = weight.flatten(1).square().sum(1);
    scores[name] = {squares.data_ptr<double>(), squares.data_ptr<double>() + squares.numel()};
  }
  return scores;
}

}  // namespace octet
