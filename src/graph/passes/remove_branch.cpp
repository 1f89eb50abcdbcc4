#include <algorithm>
#include <vector>

#include "core/error.h"
#include "core/size.h"
#include "graph/branches.h"
#include "graph/passes/concat_input.h"
#include "graph/passes/passes.h"
#include "graph/shapes.h"
#include "graph/verify.h"

namespace octet {

Graph remove_branch(Graph graph, const std::string& output) {
  const std::vector<Branch> branches = find_branches(graph);
  const auto branch = std::find_if(branches.begin(), branches.end(),
                                   [&](const Branch& b) { return b.output == output; });
  if (branch == branches.end()) fail("'{}' is the output of no branch that can be removed", output);
  const auto join = std::find_if(graph.nodes.begin(), graph.nodes.end(),
                                 [&](const Node& n) { return n.name == branch->join; });
  const auto shapes = infer_shapes(graph, graph.smallest_size());
  take_input(graph, *join, output, part_of(*join, output, shapes));
  if (join->inputs.size() == 1) {
    const std::string rest = join->inputs[0];
    for (Node& node : graph.nodes)
      std::replace(node.inputs.begin(), node.inputs.end(), branch->join, rest);
  }
  graph = remove_unused_nodes(std::move(graph));
  verify(graph);
  return graph;
}

}  // namespace octet
