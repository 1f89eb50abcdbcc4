#include "format/import/simplify.h"

#include <algorithm>
#include <cmath>
#include <utility>

#include "core/error.h"
#include "format/import/fold_scaling.h"
#include "format/import/graph_editor.h"

namespace octet {
namespace {

// A pixel beyond it is no value of an image. It would leave no steps to the others in int8.
constexpr float kBeyondValues = 1e30F;

// A number of a file in single precision, as 1/6 is one.
bool is_near(float value, double wanted) { return std::abs(value - wanted) < 1e-5; }

// Whether a node multiplies by one number and adds another.
bool scales_by(const Node* node, double scale, double shift) {
  if (node == nullptr || !is_scaling(*node)) return false;
  const auto& conv = std::get<Conv2d>(node->op);
  for (const float s : conv.weight.values) {
    if (!is_near(s, scale)) return false;
  }
  for (const float s : conv.bias.values) {
    if (!is_near(s, shift)) return false;
  }
  return !conv.bias.empty() || shift == 0;
}

const Activation* as_activation(const Node* node, ActivationKind kind) {
  const auto* act = node == nullptr ? nullptr : std::get_if<Activation>(&node->op);
  return act != nullptr && act->kind == kind ? act : nullptr;
}

// relu6(x + 3): the value x; nothing for other nodes.
const std::string* shifted_relu6(GraphEditor& graph, const Node* node) {
  if (as_activation(node, ActivationKind::kRelu6) == nullptr) return nullptr;
  const Node* before = graph.producer(node->inputs[0]);
  return scales_by(before, 1, 3) ? &before->inputs[0] : nullptr;
}

// hardsigmoid(x): the value x.
const std::string* hard_sigmoid(GraphEditor& graph, const Node* node) {
  return scales_by(node, 1.0 / 6, 0) ? shifted_relu6(graph, graph.producer(node->inputs[0]))
                                     : nullptr;
}

// x · gate(x), in either order, as one activation.
void find_gates(GraphEditor& graph) {
  for (size_t i = 0; i < graph.size(); ++i) {
    Node& node = graph.node(i);
    if (graph.is_gone(i) || !std::holds_alternative<Mul>(node.op)) continue;
    for (const size_t x : {size_t{0}, size_t{1}}) {
      const std::string value = node.inputs[x];
      const Node* gate = graph.producer(node.inputs[1 - x]);
      const std::string* gated = hard_sigmoid(graph, gate);
      const bool silu =
          as_activation(gate, ActivationKind::kSigmoid) != nullptr && gate->inputs[0] == value;
      const bool hardswish = gated != nullptr && *gated == value;
      if (!silu && !hardswish) continue;
      node.op = Activation{silu ? ActivationKind::kSilu : ActivationKind::kHardswish};
      graph.set_inputs(node, {value});
      break;
    }
  }
}

// x · relu6(x + 3) / 6, as TensorFlow writes it.
void find_hardswish(GraphEditor& graph) {
  for (size_t i = 0; i < graph.size(); ++i) {
    Node& node = graph.node(i);
    if (graph.is_gone(i) || !scales_by(&node, 1.0 / 6, 0)) continue;
    const Node* product = graph.producer(node.inputs[0]);
    if (product == nullptr || !std::holds_alternative<Mul>(product->op)) continue;
    for (const size_t x : {size_t{0}, size_t{1}}) {
      const std::string value = product->inputs[x];
      const std::string* gated = shifted_relu6(graph, graph.producer(product->inputs[1 - x]));
      if (gated == nullptr || *gated != value) continue;
      node.op = Activation{ActivationKind::kHardswish};
      graph.set_inputs(node, {value});
      break;
    }
  }
}

Padding sum(const Padding& a, const Padding& b) {
  return {a.top + b.top, a.left + b.left, a.bottom + b.bottom, a.right + b.right};
}

// The padding of an operator that adds such pixels itself: a convolution zeros, a MaxPool what is lower
// than all others. Null for others, and where it would be too wide.
Padding* padding_for(Node& reader, const Pad& pad) {
  int64_t rows = 0, columns = 0;  // most at one side
  Padding* own = nullptr;
  if (auto* conv = std::get_if<Conv2d>(&reader.op); conv != nullptr && pad.value == 0) {
    own = &conv->padding;
    rows = conv->dilation * (conv->weight.shape[2] - 1);
    columns = conv->dilation * (conv->weight.shape[3] - 1);
  } else if (auto* pool = std::get_if<MaxPool>(&reader.op);
             pool != nullptr && pad.value <= -kBeyondValues) {
    own = &pool->padding;
    rows = columns = pool->kernel - 1;
  }
  if (own == nullptr || pad.channels != 0) return nullptr;
  const Padding p = sum(*own, pad.padding);
  return std::max(p.top, p.bottom) <= rows && std::max(p.left, p.right) <= columns ? own : nullptr;
}

// Added pixels become the padding of their readers, where all of them can add these themselves.
void merge_pads(GraphEditor& graph) {
  for (size_t i = 0; i < graph.size(); ++i) {
    const Node& node = graph.node(i);
    const auto* pad = std::get_if<Pad>(&node.op);
    if (graph.is_gone(i) || pad == nullptr) continue;
    std::vector<Padding*> paddings;
    for (Node* reader : graph.readers(node.name)) paddings.push_back(padding_for(*reader, *pad));
    const bool all = std::find(paddings.begin(), paddings.end(), nullptr) == paddings.end();
    if (all && !graph.is_output(node.name)) {
      for (Padding* padding : paddings) *padding = sum(*padding, pad->padding);
      graph.replace(i, std::string(node.inputs[0]));
    } else if (std::abs(pad->value) >= kBeyondValues) {
      fail("'{}': adds pixels of {}, which only a MaxPool behind it can take as its padding",
           node.name, pad->value);
    }
  }
}

}  // namespace

Graph simplify(Graph graph) {
  GraphEditor editor(std::move(graph));
  find_gates(editor);
  find_hardswish(editor);
  replace_lone_batch_norms(editor);
  merge_pads(editor);
  fold_scalings(editor);
  return editor.finish();
}

}  // namespace octet
