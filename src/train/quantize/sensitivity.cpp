#include "train/quantize/sensitivity.h"

#include <algorithm>

#include "core/error.h"
#include "core/process.h"
#include "core/progress.h"
#include "train/loss/distill.h"
#include "train/network/fake_quant.h"
#include "train/network/graph_executor.h"
#include "train/quantize/phases.h"

namespace octet {

PartialQuantization quantized_layer(const Model& model, const Placement& placement,
                                    const Scales& scales, const std::string& conv) {
  PartialQuantization part;
  const auto& op = std::get<Conv2d>(model.graph.find(conv)->op);
  part.weights[conv] = fake_quantize_weight(
      to_torch(op.weight), torch::tensor(scales.weights.at(conv)), scales.weight_grid.limit());
  const auto add = [&](const std::string& value) {
    const auto group = placement.group_of.find(value);
    if (group != placement.group_of.end()) part.values[value] = scales.groups[group->second];
  };
  add(conv);
  for (const Node& node : model.graph.nodes) {
    if (std::holds_alternative<Activation>(node.op) && node.inputs[0] == conv) add(node.name);
  }
  return part;
}

std::vector<LayerCost> rank_layers(const Model& model, const Placement& placement,
                                   const Calibration& calibration, const Dataset& data,
                                   const CalibrationOptions& options) {
  const torch::NoGradGuard no_grad;
  GraphExecutor net(model.graph);
  const Distillation distance(model);
  PartialRun run(net, calibration_batch(data, options.tried, options.side));
  std::vector<LayerCost> costs;
  Progress progress(static_cast<int64_t>(placement.convs.size()), kRankPhase);
  for (const Node& node : model.graph.nodes) {
    if (!placement.convs.contains(node.name)) continue;
    if (stop_requested()) fail("interrupted while ranking layers; nothing was written");
    const auto outputs =
        run.outputs(quantized_layer(model, placement, calibration.scales, node.name));
    costs.push_back({node.name, distance(outputs, run.outputs()).item<double>()});
    progress.update(static_cast<int64_t>(costs.size()));
  }
  std::stable_sort(costs.begin(), costs.end(),
                   [](const LayerCost& a, const LayerCost& b) { return a.distance > b.distance; });
  return costs;
}

}  // namespace octet
