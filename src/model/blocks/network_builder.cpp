#include "model/blocks/network_builder.h"

#include <utility>

#include "core/error.h"

namespace octet {

NetworkBuilder::NetworkBuilder(Graph& graph) : graph_(graph) {
  constexpr int64_t kSide = 640;
  shapes_[graph.input] = {1, 3, kSide, kSide};
}

std::string NetworkBuilder::add(const std::string& name, Operator op,
                                std::vector<std::string> inputs) {
  std::vector<Shape> shapes;
  for (const std::string& in : inputs) shapes.push_back(shapes_.at(in));
  if (!shapes_.emplace(name, output_shape(op, name, shapes)).second)
    fail("[{} {}] the name is used twice", operator_name(op), name);
  graph_.nodes.push_back({.name = name, .op = std::move(op), .inputs = std::move(inputs)});
  return name;
}

int NetworkBuilder::channels(const std::string& value) const {
  return static_cast<int>(shapes_.at(value)[1]);
}

}  // namespace octet
