#include <algorithm>
#include <set>
#include <string>

#include "graph/passes/passes.h"

namespace octet {

Graph remove_unused_nodes(Graph graph) {
  std::set<std::string> used(graph.outputs.begin(), graph.outputs.end());
  for (auto node = graph.nodes.rbegin(); node != graph.nodes.rend(); ++node) {
    if (used.contains(node->name)) used.insert(node->inputs.begin(), node->inputs.end());
  }
  std::erase_if(graph.nodes, [&](const Node& node) { return !used.contains(node.name); });
  return graph;
}

}  // namespace octet
