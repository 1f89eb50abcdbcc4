#include "graph/passes/passes.h"

namespace octet {

Graph replace_activation(Graph graph, ActivationKind kind) {
  for (Node& node : graph.nodes) {
    auto* act = std::get_if<Activation>(&node.op);
    if (act != nullptr && act->kind == ActivationKind::kSilu) act->kind = kind;
  }
  return graph;
}

}  // namespace octet
