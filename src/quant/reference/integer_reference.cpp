#include "quant/reference/integer_reference.h"

#include "core/error.h"
#include "core/process.h"

namespace octet {

IntegerTensor image_tensor(std::span<const uint8_t> image, Size size) {
  const size_t pixels = static_cast<size_t>(size.width) * static_cast<size_t>(size.height);
  IntegerTensor x{.shape = {3, size.height, size.width}, .params = kImageParams, .values = {}};
  x.values.resize(pixels * 3);
  for (size_t i = 0; i < pixels; ++i) {
    for (size_t c = 0; c < 3; ++c)
      x.values[c * pixels + i] = static_cast<int8_t>(image[i * 3 + c] - 128);
  }
  return x;
}

IntegerReference::IntegerReference(const Model& model) : model_(model), topology_(model.graph) {
  for (const Node& node : model.graph.nodes) {
    const bool float_conv =
        std::holds_alternative<Conv2d>(node.op) && !model.quantization.convs.contains(node.name);
    if (float_conv || (!is_fused(node) && model.quantization.find(node.name) == nullptr))
      fail("[{} {}] is kept in float; the integer reference computes integers only",
           operator_name(node.op), node.name);
    if (!is_fused(node)) steps_.push_back({&node, inputs_of(node)});
  }
}

std::vector<std::string> IntegerReference::inputs_of(const Node& node) const {
  const Node* within = topology_.fusing_node(node);
  return within != nullptr ? within->inputs : node.inputs;
}

std::map<std::string, IntegerTensor> IntegerReference::run(std::span<const uint8_t> image,
                                                           Size size) const {
  std::map<std::string, IntegerTensor> values{{model_.graph.input, image_tensor(image, size)}};
  std::vector<std::string> wanted{model_.graph.input};
  for (const Step& step : steps_) wanted.push_back(step.node->name);
  walk(std::span<const Step>(steps_), wanted, values,
       [&](const Node& node, IntegerInputs in, const ReadsLeft&) { return run_node(node, in); });
  return values;
}

IntegerNode IntegerReference::details_of(const Node& node, const QuantParams& out) const {
  const auto conv = model_.quantization.convs.find(node.name);
  return {.out = out, .conv = conv == model_.quantization.convs.end() ? nullptr : &conv->second};
}

IntegerTensor IntegerReference::run_node(const Node& node, IntegerInputs in) const {
  if (stop_requested()) fail("interrupted: results of a part of the images are not shown");
  const QuantParams& out = *model_.quantization.find(node.name);
  const Node* within = topology_.fusing_node(node);
  if (within == nullptr) return compute(node.op, in, details_of(node, out));
  IntegerTensor y = compute(within->op, in, details_of(*within, out));
  clamp_to_activation(y, std::get<Activation>(node.op).kind);
  return y;
}

}  // namespace octet
