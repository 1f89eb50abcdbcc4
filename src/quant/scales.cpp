#include "quant/scales.h"

#include <utility>

#include "quant/params.h"
#include "quant/rounding_safe_scales.h"

namespace octet {

Model quantize_model(Model model, const Placement& placement, Scales scales) {
  snap_scales(model.graph, placement, scales.groups);
  model.quantization = {.weight_grid = scales.weight_grid, .values = {}, .convs = {}};
  for (const auto& [value, group] : placement.group_of)
    model.quantization.values[value] = scales.groups[group];
  const Topology topology(model.graph);
  for (Node& node : model.graph.nodes) {
    auto* prelu = std::get_if<Prelu>(&node.op);
    if (prelu != nullptr && placement.quantized(node.name)) round_slopes(prelu->slope);
    if (!placement.convs.contains(node.name)) continue;
    auto& conv = std::get<Conv2d>(node.op);
    const QuantParams& input = model.quantization.values.at(node.inputs[0]);
    std::vector<float>& weights = scales.weights.at(node.name);
    if (const auto output = output_group(topology, placement, node))
      snap_weight_scales(weights, input, scales.groups[*output], scales.weight_grid);
    QuantizedConv q = quantize_conv(conv, std::move(weights), input, scales.weight_grid);
    dequantize_into(conv, q, input);
    model.quantization.convs.emplace(node.name, std::move(q));
  }
  return model;
}

}  // namespace octet
