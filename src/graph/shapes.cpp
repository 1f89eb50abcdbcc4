#include "graph/shapes.h"

#include "core/error.h"

namespace octet {
namespace {

bool is_multiple(Size size) {
  return size.width > 0 && size.height > 0 && size.width % kInputMultiple == 0 &&
         size.height % kInputMultiple == 0;
}

}  // namespace

std::map<std::string, Shape> infer_shapes(const Graph& graph, Size size) {
  if (graph.size && *graph.size != size)
    fail("an input of {}; this network takes {} only", to_string(size), to_string(*graph.size));
  if (!graph.size && !is_multiple(size)) {
    fail("an input of {} is not a multiple of {}", to_string(size), kInputMultiple);
  }
  std::map<std::string, Shape> shapes{{graph.input, {1, 3, size.height, size.width}}};
  std::vector<Shape> inputs;
  for (const Node& node : graph.nodes) {
    inputs.clear();
    for (const std::string& name : node.inputs) {
      const auto found = shapes.find(name);
      if (found == shapes.end())
        fail("[{} {}] uses '{}' before it is made", operator_name(node.op), node.name, name);
      inputs.push_back(found->second);
    }
    if (!shapes.emplace(node.name, output_shape(node.op, node.name, inputs)).second)
      fail("[{} {}] the name is used twice", operator_name(node.op), node.name);
  }
  return shapes;
}

}  // namespace octet
