#include "format/import/simplify.h"

#include <cmath>
#include <utility>

#include "format/import/fold_scaling.h"
#include "format/import/graph_editor.h"

namespace octet {
namespace {

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

bool can_pad(const Node& reader, const Padding& more) {
  const auto* conv = std::get_if<Conv2d>(&reader.op);
  if (conv == nullptr) return false;
  const Padding& p = conv->padding;
  const Shape& k = conv->weight.shape;
  const auto fits = [&](int a, int b, int64_t kernel) {
    return a + b <= conv->dilation * (kernel - 1);
  };
  return fits(p.top, more.top, k[2]) && fits(p.bottom, more.bottom, k[2]) &&
         fits(p.left, more.left, k[3]) && fits(p.right, more.right, k[3]);
}

// Zeros that only convolutions read are their padding.
void merge_pads(GraphEditor& graph) {
  for (size_t i = 0; i < graph.size(); ++i) {
    const Node& node = graph.node(i);
    const auto* pad = std::get_if<Pad>(&node.op);
    if (graph.is_gone(i) || pad == nullptr || pad->value != 0 || pad->channels != 0 ||
        graph.is_output(node.name))
      continue;
    const std::vector<Node*> readers = graph.readers(node.name);
    bool all = !readers.empty();
    for (const Node* reader : readers) all = all && can_pad(*reader, pad->padding);
    if (!all) continue;
    for (Node* reader : readers) {
      Padding& p = std::get<Conv2d>(reader->op).padding;
      const Padding& more = pad->padding;
      p = {p.top + more.top, p.left + more.left, p.bottom + more.bottom, p.right + more.right};
    }
    graph.replace(i, std::string(node.inputs[0]));
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
