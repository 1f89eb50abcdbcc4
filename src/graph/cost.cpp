#include "graph/cost.h"

#include "graph/shapes.h"

namespace octet {

Cost cost(const Node& node, const Shape& output) {
  Cost sum{.gflops = 2e-9 * multiplications_of(node.op, output)};
  for (const auto& [name, tensor] : parameters(node.op)) {
    if (name != "mean" && name != "variance") sum.parameters += element_count(tensor->shape);
  }
  return sum;
}

Cost cost(const Graph& graph, Size size) {
  const auto shapes = infer_shapes(graph, size);
  Cost sum;
  for (const Node& node : graph.nodes) {
    const Cost one = cost(node, shapes.at(node.name));
    sum.parameters += one.parameters;
    sum.gflops += one.gflops;
  }
  return sum;
}

}  // namespace octet
