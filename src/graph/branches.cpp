#include "graph/branches.h"

#include <algorithm>
#include <map>
#include <set>

#include "core/size.h"
#include "graph/shapes.h"
#include "graph/topology.h"

namespace octet {
namespace {

// The nodes that no output needs without the edge from `value` to `join`.
std::vector<const Node*> without_edge(const Graph& graph, const Node& join,
                                      const std::string& value) {
  std::set<std::string> needed(graph.outputs.begin(), graph.outputs.end());
  std::vector<const Node*> gone;
  for (auto node = graph.nodes.rbegin(); node != graph.nodes.rend(); ++node) {
    if (!needed.contains(node->name)) {
      gone.push_back(&*node);
      continue;
    }
    for (const std::string& in : node->inputs) {
      if (&*node != &join || in != value) needed.insert(in);
    }
  }
  return gone;
}

}  // namespace

std::vector<Branch> find_branches(const Graph& graph) {
  const Topology topology(graph);
  const std::map<std::string, Shape> shapes = infer_shapes(graph, graph.smallest_size());
  const auto height = [&](const std::string& value) { return shapes.at(value)[2]; };
  int64_t finest = 0;  // of the outputs
  for (const std::string& output : graph.outputs) finest = std::max(finest, height(output));
  std::vector<Branch> branches;
  for (const Node& join : graph.nodes) {
    if (!std::holds_alternative<Concat>(join.op) || join.inputs.size() < 2) continue;
    if (height(join.name) > finest || !topology.only_mixed(join.name)) continue;
    for (const std::string& value : join.inputs) {
      const auto gone = without_edge(graph, join, value);
      const bool convolves = std::any_of(gone.begin(), gone.end(), [](const Node* n) {
        return std::holds_alternative<Conv2d>(n->op);
      });
      const bool fine = std::any_of(gone.begin(), gone.end(),
                                    [&](const Node* n) { return height(n->name) > finest; });
      if (!convolves || !fine) continue;
      Branch& branch = branches.emplace_back(Branch{join.name, value, {}});
      for (const Node* node : gone) branch.nodes.push_back(node->name);
    }
  }
  return branches;
}

}  // namespace octet
