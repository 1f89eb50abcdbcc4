#include "graph/topology.h"

#include <algorithm>

namespace octet {
namespace {

const Activation* as_activation(const Node* node) {
  return node == nullptr ? nullptr : std::get_if<Activation>(&node->op);
}

}  // namespace

Topology::Topology(const Graph& graph) {
  for (const Node& node : graph.nodes) {
    values_[node.name].producer = &node;
    for (const std::string& in : node.inputs) values_[in].consumers.push_back(&node);
  }
  for (const std::string& output : graph.outputs) values_[output].output = true;
}

const Topology::Value* Topology::find(const std::string& value) const {
  const auto at = values_.find(value);
  return at == values_.end() ? nullptr : &at->second;
}

const Node* Topology::producer(const std::string& value) const {
  const Value* found = find(value);
  return found == nullptr ? nullptr : found->producer;
}

std::span<const Node* const> Topology::consumers(const std::string& value) const {
  const Value* found = find(value);
  return found == nullptr ? std::span<const Node* const>{} : found->consumers;
}

const Node* Topology::only_consumer(const std::string& value) const {
  const Value* found = find(value);
  return found == nullptr || found->output || found->consumers.size() != 1
             ? nullptr
             : found->consumers.front();
}

bool Topology::is_output(const std::string& value) const {
  const Value* found = find(value);
  return found != nullptr && found->output;
}

const Node* Topology::activation_after(const Node& node) const {
  const Node* after = only_consumer(node.name);
  return as_activation(after) != nullptr ? after : nullptr;
}

bool Topology::only_mixed(const std::string& value) const {
  const auto readers = consumers(value);
  return !is_output(value) && std::all_of(readers.begin(), readers.end(), [](const Node* reader) {
    const auto* conv = std::get_if<Conv2d>(&reader->op);
    return conv != nullptr && conv->groups == 1;
  });
}

bool Topology::feeds_silu(const Node& node) const {
  const auto readers = consumers(node.name);
  return std::any_of(readers.begin(), readers.end(), [](const Node* reader) {
    const Activation* act = as_activation(reader);
    return act != nullptr && act->kind == ActivationKind::kSilu;
  });
}

const Node* Topology::fused_activation(const Node& node) const {
  const bool fuses =
      std::holds_alternative<Conv2d>(node.op) || std::holds_alternative<Add>(node.op);
  const Node* after = fuses ? activation_after(node) : nullptr;
  return after != nullptr && function_of(as_activation(after)->kind).fuses_into_conv ? after
                                                                                     : nullptr;
}

const Node* Topology::fusing_node(const Node& activation) const {
  if (as_activation(&activation) == nullptr) return nullptr;
  const Node* before = producer(activation.inputs.at(0));
  return before != nullptr && fused_activation(*before) == &activation ? before : nullptr;
}

}  // namespace octet
