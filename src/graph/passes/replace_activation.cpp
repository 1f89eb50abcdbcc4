#include <algorithm>

#include "graph/passes/passes.h"

namespace octet {

Graph replace_activation(Graph graph, ActivationKind kind) {
  for (Node& node : graph.nodes) {
    auto* act = std::get_if<Activation>(&node.op);
    if (act != nullptr && act->kind == ActivationKind::kSilu) act->kind = kind;
  }
  return graph;
}

bool has_silu(const Graph& graph) {
  return std::any_of(graph.nodes.begin(), graph.nodes.end(), [](const Node& node) {
    const auto* act = std::get_if<Activation>(&node.op);
    return act != nullptr && act->kind == ActivationKind::kSilu;
  });
}

}  // namespace octet
