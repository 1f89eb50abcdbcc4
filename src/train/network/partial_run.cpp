#include "train/network/partial_run.h"

#include "quant/placement.h"
#include "train/network/fake_quant.h"

namespace octet {

PartialRun::PartialRun(GraphExecutor& net, const torch::Tensor& image) : net_(net) {
  const torch::NoGradGuard no_grad;
  values_ = net.values(image);
  outputs_ = pick({});
}

std::vector<torch::Tensor> PartialRun::pick(
    const std::map<std::string, torch::Tensor>& changed) const {
  std::vector<torch::Tensor> list;
  for (const Output& o : net_.structure().outputs) {
    const auto at = changed.find(o.value);
    list.push_back(at != changed.end() ? at->second : values_.at(o.value));
  }
  return list;
}

std::vector<torch::Tensor> PartialRun::outputs(const PartialQuantization& part) {
  const torch::NoGradGuard no_grad;
  std::map<std::string, torch::Tensor> changed;
  const auto grid = [&](const std::string& name) {
    const QuantParams& p = part.values.at(name);
    return LearnedParams{torch::full({1}, p.scale, net_.device()), p.zero_point};
  };
  const Graph& graph = net_.structure();
  if (part.values.contains(graph.input))
    changed[graph.input] = fake_quantize(values_.at(graph.input), grid(graph.input));
  for (const Node& node : graph.nodes) {
    bool dirty = false;
    std::vector<torch::Tensor> in;
    for (const std::string& name : node.inputs) {
      const auto at = changed.find(name);
      dirty = dirty || at != changed.end();
      in.push_back(at != changed.end() ? at->second : values_.at(name));
    }
    const auto weight = part.weights.find(node.name);
    torch::Tensor y = values_.at(node.name);
    if (weight != part.weights.end()) {
      y = net_.run_with_weight(node, in, weight->second);
    } else if (dirty) {
      y = net_.run_node(node, in);
    }
    const bool own = part.values.contains(node.name) && !moves_data(node.op);
    const auto* act = std::get_if<Activation>(&node.op);
    if (own && act != nullptr && !fuses_into_conv(act->kind) &&
        part.values.contains(node.inputs[0])) {
      y = fake_quantized_activation(in[0], act->kind, grid(node.inputs[0]), grid(node.name));
    } else if (own) {
      y = fake_quantize(y, grid(node.name));
    }
    if (own || dirty || weight != part.weights.end()) changed[node.name] = y;
  }
  return pick(changed);
}

}  // namespace octet
