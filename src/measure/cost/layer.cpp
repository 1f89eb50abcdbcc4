#include "measure/cost/layer.h"

#include <algorithm>
#include <map>
#include <set>

#include "core/error.h"
#include "graph/shapes.h"
#include "graph/slices.h"
#include "graph/topology.h"

namespace octet {
namespace {

// Splits a graph into layers.
class Splitter {
 public:
  Splitter(const Graph& graph, Size size)
      : graph_(graph), shapes_(infer_shapes(graph, size)), topology_(graph) {}

  std::vector<PlacedLayer> split() {
    find_read_values();
    LayerKind image{.op = kImageLayer};
    layers_.push_back({sized(image, graph_.input, 3, 3), {}, {}});
    for (const Node& node : graph_.nodes) {
      if (!is_part_of_convolution(node) && read_.contains(node.name)) add(node);
    }
    for (const std::string& output : graph_.outputs) {
      const int channels = channels_of(output);
      layers_.push_back({sized({.op = kOutputLayer}, output, channels, channels), {}, {}});
    }
    return std::move(layers_);
  }

 private:
  // A slice that nothing reads is not written. From the last node to the first, all readers of a
  // value come before it.
  void find_read_values() {
    read_.insert(graph_.outputs.begin(), graph_.outputs.end());
    for (auto node = graph_.nodes.rbegin(); node != graph_.nodes.rend(); ++node) {
      if (std::holds_alternative<Slice>(node->op) && !read_.contains(node->name)) continue;
      const auto inputs = inputs_of(*node);
      read_.insert(inputs.begin(), inputs.end());
    }
  }
  [[nodiscard]] std::vector<std::string> inputs_of(const Node& node) const {
    if (!std::holds_alternative<Concat>(node.op)) return node.inputs;
    return joined_values(graph_, node.inputs,
                         [&](const std::string& name) { return shapes_.at(name)[1]; });
  }
  [[nodiscard]] bool is_part_of_convolution(const Node& node) const {
    if (!std::holds_alternative<Activation>(node.op)) return false;
    const Node* before = topology_.producer(node.inputs.at(0));
    return before != nullptr && std::holds_alternative<Conv2d>(before->op) &&
           topology_.activation_after(*before) == &node;
  }
  [[nodiscard]] int channels_of(const std::string& value) const {
    return static_cast<int>(shapes_.at(value)[1]);
  }
  // `value`: the one that gives height and width.
  [[nodiscard]] Layer sized(LayerKind kind, const std::string& value, int inputs,
                            int outputs) const {
    const Shape& shape = shapes_.at(value);
    kind.height = static_cast<int>(shape[2]);
    kind.width = static_cast<int>(shape[3]);
    return {std::move(kind), inputs, outputs};
  }

  void add(const Node& node) {
    LayerKind kind{.op = std::string(operator_name(node.op))};
    std::visit([&](const auto& op) { describe(node, op, kind); }, node.op);
    std::vector<std::string> inputs = inputs_of(node);
    kind.reads_image = inputs.at(0) == graph_.input;
    if (std::holds_alternative<Add>(node.op)) inputs.resize(1);
    int channels = 0;
    for (const std::string& name : inputs) channels += channels_of(name);
    Layer layer = sized(std::move(kind), inputs.at(0), channels, channels_of(node.name));
    layers_.push_back({std::move(layer), std::move(inputs), {node.name}});
  }

  void describe(const Node& node, const Conv2d& op, LayerKind& kind) const {
    const Shape& weight = op.weight.shape;
    if (weight[2] != weight[3])
      fail("[Conv2d {}] has a kernel of {}x{}; a cost table has square kernels only", node.name,
           weight[3], weight[2]);
    kind.kernel = static_cast<int>(weight[2]);
    kind.stride = op.stride;
    if (!op.padding.even() || op.dilation != 1)
      fail("[Conv2d {}] has a dilation or unequal paddings; a cost table has neither", node.name);
    kind.padding = op.padding.top;
    const bool depthwise = op.groups > 1 && weight[1] == 1 && weight[0] == op.groups;
    kind.groups = depthwise ? kDepthwise : op.groups;
    if (const Node* after = topology_.activation_after(node))
      kind.activation = activation_name(std::get<Activation>(after->op).kind);
  }
  static void describe(const Node&, const Activation& op, LayerKind& kind) {
    kind.activation = activation_name(op.kind);
  }
  static void describe(const Node&, const MaxPool& op, LayerKind& kind) {
    kind.kernel = op.kernel;
    kind.stride = op.stride;
    kind.padding = op.padding.top;
  }
  static void describe(const Node&, const AvgPool& op, LayerKind& kind) {
    kind.kernel = op.kernel;
    kind.stride = op.stride;
  }
  static void describe(const Node&, const ResizeNearest& op, LayerKind& kind) {
    kind.factor = op.factor;
  }
  void describe(const Node& node, const Concat&, LayerKind& kind) const {
    kind.values = static_cast<int>(inputs_of(node).size());
  }
  static void describe(const Node&, const Add&, LayerKind& kind) { kind.values = 2; }
  static void describe(const Node&, const Slice&, LayerKind&) {}
  template <typename Op>
  static void describe(const Node& node, const Op& /*op*/, LayerKind& /*kind*/) {
    fail("[{} {}] is not measured; cost tables have the operators of YOLO", Op::kTraits.name,
         node.name);
  }
  static void describe(const Node& node, const BatchNorm&, LayerKind&) {
    fail("[BatchNorm {}] has to be folded before layers are measured", node.name);
  }

  const Graph& graph_;
  std::map<std::string, Shape> shapes_;
  Topology topology_;
  std::set<std::string> read_;
  std::vector<PlacedLayer> layers_;
};

// The first fields of an operator; others keep their defaults.
struct FieldSetter {
  const LayerKind& kind;
  void operator()(std::string_view name, int& value) const {
    if (name == "kernel") value = kind.kernel;
    if (name == "stride") value = kind.stride;
    if (name == "factor") value = kind.factor;
  }
  void operator()(std::string_view, Padding& value) const { value = kind.padding; }
  void operator()(std::string_view, PixelGrid&) const {}
  void operator()(std::string_view, float&) const {}
  void operator()(std::string_view, ActivationKind& value) const {
    value = parse_activation(kind.activation);
  }
};

}  // namespace

std::string to_string(const Layer& layer) {
  const LayerKind& k = layer.kind;
  std::string text = k.op;
  if (k.kernel > 1 || k.op == Conv2d::kTraits.name)
    text += fmt::format(" {0}x{0}, stride {1}", k.kernel, k.stride);
  if (k.groups == kDepthwise) text += ", depthwise";
  if (k.groups > 1) text += fmt::format(", {} groups", k.groups);
  if (k.values > 1) text += fmt::format(" of {} values", k.values);
  if (!k.activation.empty()) text += ", " + k.activation;
  return text + fmt::format(", {} to {} channels at {}x{}", layer.inputs, layer.outputs, k.width,
                            k.height);
}

bool is_convolution_of_all(const LayerKind& kind) {
  return kind.op == Conv2d::kTraits.name && kind.groups == 1;
}

Operator operator_of(const Layer& layer) {
  Operator op = make_operator(layer.kind.op);
  std::visit([&](auto& o) { visit_fields(o, FieldSetter{layer.kind}); }, op);
  if (auto* conv = std::get_if<Conv2d>(&op)) {
    conv->groups = layer.kind.groups == kDepthwise ? layer.inputs : layer.kind.groups;
    conv->weight.shape = {layer.outputs, layer.inputs / conv->groups, layer.kind.kernel,
                          layer.kind.kernel};
  }
  if (auto* slice = std::get_if<Slice>(&op)) slice->end = layer.outputs;
  return op;
}

Shape result_shape(const Layer& layer) {
  Shape whole{1, layer.inputs, layer.kind.height, layer.kind.width};
  if (layer.kind.op == kImageLayer || layer.kind.op == kOutputLayer ||
      layer.kind.op == Concat::kTraits.name)
    return whole;
  const std::vector<Shape> inputs(static_cast<size_t>(layer.kind.values), whole);
  return output_shape(operator_of(layer), to_string(layer), inputs);
}

double multiplications(const Layer& layer) {
  if (layer.kind.op != Conv2d::kTraits.name) return 0;
  return multiplications_of(operator_of(layer), result_shape(layer));
}

std::vector<PlacedLayer> placed_layers(const Graph& graph, Size size) {
  return Splitter(graph, size).split();
}

std::vector<Layer> layers_of(const Graph& graph, Size size) {
  std::vector<Layer> layers;
  for (PlacedLayer& placed : placed_layers(graph, size)) layers.push_back(std::move(placed.layer));
  return layers;
}

}  // namespace octet
