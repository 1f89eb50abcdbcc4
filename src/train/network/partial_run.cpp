#include "train/network/partial_run.h"

#include <algorithm>

namespace octet {

PartialRun::PartialRun(GraphExecutor& net, const torch::Tensor& image)
    : net_(net), steps_(steps_of(net.structure())) {
  const torch::NoGradGuard no_grad;
  values_ = net.values(image);
  outputs_ = picked(values_, net_.structure().outputs);
}

LearnedParams PartialRun::grid(const QuantParams& p) const {
  return {torch::full({1}, p.scale, net_.device()), p.zero_point};
}

std::vector<torch::Tensor> PartialRun::outputs(const PartialQuantization& part) {
  const torch::NoGradGuard no_grad;
  const Graph& graph = net_.structure();
  Value image{.tensor = values_.at(graph.input)};
  if (const auto p = part.values.find(graph.input); p != part.values.end())
    image = {.tensor = fake_quantize(image.tensor, grid(p->second)), .changed = true};
  std::map<std::string, Value> values{{graph.input, image}};
  walk(std::span<const Step>(steps_), graph.outputs, values,
       [&](const Node& node, std::span<const Value* const> in, const ReadsLeft&) {
         return run_node(node, in, part);
       });
  std::vector<torch::Tensor> list;
  for (const Value& v : picked(values, graph.outputs)) list.push_back(v.tensor);
  return list;
}

PartialRun::Value PartialRun::run_node(const Node& node, std::span<const Value* const> in,
                                       const PartialQuantization& part) {
  std::vector<torch::Tensor> inputs;
  for (const Value* v : in) inputs.push_back(v->tensor);
  const auto weight = part.weights.find(node.name);
  const bool weighted = weight != part.weights.end();
  Value y{.tensor = values_.at(node.name),
          .changed = weighted ||
                     std::any_of(in.begin(), in.end(), [](const Value* v) { return v->changed; })};
  if (weighted) {
    y.tensor = net_.run_with_weight(node, inputs, weight->second);
  } else if (y.changed) {
    y.tensor = net_.run_node(node, inputs);
  }
  const auto own = part.values.find(node.name);
  if (own == part.values.end() || traits_of(node.op).moves_data) return y;
  const auto* act = std::get_if<Activation>(&node.op);
  const auto before = part.values.find(node.inputs[0]);
  const bool in_integers =
      act != nullptr && !function_of(act->kind).fuses_into_conv && before != part.values.end();
  y.tensor = in_integers ? fake_quantized_activation(inputs[0], act->kind, grid(before->second),
                                                     grid(own->second))
                         : fake_quantize(y.tensor, grid(own->second));
  y.changed = true;
  return y;
}

}  // namespace octet
