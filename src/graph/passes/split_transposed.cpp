#include <utility>

#include "graph/passes/passes.h"
#include "graph/topology.h"

namespace octet {
namespace {

// The convolution that computes the pixels of each place in the stride as channels of their own. It
// has one output more on a side for each further kernel position that reaches a pixel.
Conv2d phases_of(const TransposedConv2d& op) {
  const Shape& w = op.weight.shape;  // (I, O, kH, kW)
  const int64_t stride = op.stride;
  const int64_t rows = (w[2] + stride - 1) / stride;  // that reach a pixel
  const int64_t columns = (w[3] + stride - 1) / stride;
  const auto edge = [](int64_t reach) { return static_cast<int>(reach - 1); };
  Conv2d conv{.padding = {edge(rows), edge(columns), edge(rows), edge(columns)},
              .weight = {{stride * stride * w[1], w[0], rows, columns}, {}},
              .bias = {}};
  for (int64_t phase = 0; phase < stride * stride; ++phase) {
    for (int64_t o = 0; o < w[1]; ++o) {
      if (!op.bias.empty()) conv.bias.values.push_back(op.bias.values[static_cast<size_t>(o)]);
      for (int64_t i = 0; i < w[0]; ++i) {
        for (int64_t at = 0; at < rows * columns; ++at) {
          // The last position of the window reads the pixel itself, the first the farthest one.
          const int64_t y = (rows - 1 - at / columns) * stride + phase / stride;
          const int64_t x = (columns - 1 - at % columns) * stride + phase % stride;
          const bool inside = y < w[2] && x < w[3];
          const int64_t from = ((i * w[1] + o) * w[2] + y) * w[3] + x;
          conv.weight.values.push_back(inside ? op.weight.values[static_cast<size_t>(from)] : 0.0F);
        }
      }
    }
  }
  if (!op.bias.empty()) conv.bias.shape = {conv.weight.shape[0]};
  return conv;
}

// What the convolution computes beyond the image.
Padding surplus(const TransposedConv2d& op) {
  const auto behind = [&](int64_t kernel, int after) {
    return static_cast<int>((kernel + op.stride - 1) / op.stride * op.stride - kernel) + after;
  };
  return {op.padding.top, op.padding.left, behind(op.weight.shape[2], op.padding.bottom),
          behind(op.weight.shape[3], op.padding.right)};
}

// `activation`: the only reader where that is one, else null. It moves before the larger image.
void append_split(const Node& node, const Node* activation, std::vector<Node>& nodes) {
  const auto& op = std::get<TransposedConv2d>(node.op);
  const std::string& result = activation != nullptr ? activation->name : node.name;
  std::string value = node.name + ".phases";
  nodes.push_back({.name = value, .op = phases_of(op), .inputs = node.inputs});
  const auto append = [&](std::string name, Operator next) {
    nodes.push_back({.name = name, .op = std::move(next), .inputs = {value}});
    value = std::move(name);
  };
  if (activation != nullptr) append(node.name + ".act", activation->op);
  const Padding cut = surplus(op);
  append(cut == Padding() ? result : node.name + ".pixels", DepthToSpace{op.stride});
  if (cut != Padding()) append(result, Crop{cut});
}

}  // namespace

Graph split_transposed(Graph graph) {
  const Topology topology(graph);
  std::vector<Node> nodes;
  for (const Node& node : graph.nodes) {
    const Node* before = node.inputs.empty() ? nullptr : topology.producer(node.inputs[0]);
    const bool moved = before != nullptr && std::holds_alternative<TransposedConv2d>(before->op) &&
                       topology.activation_after(*before) == &node;
    if (moved) continue;
    if (std::holds_alternative<TransposedConv2d>(node.op)) {
      append_split(node, topology.activation_after(node), nodes);
    } else {
      nodes.push_back(node);
    }
  }
  graph.nodes = std::move(nodes);
  return graph;
}

}  // namespace octet
