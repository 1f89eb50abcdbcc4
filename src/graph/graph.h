// The network as data: nodes in execution order over named values. Importers build it. Exporters,
// the trainer and the integer reference walk over it. A node makes exactly one value, which has the
// name of the node.
//
// All types are plain values: copying a Graph copies its weights. Activations are NCHW, convolution
// weights are (out, in / groups, height, width). A Topology (graph/topology.h) knows the producer
// and the consumers of each value.
//
//   Graph graph;
//   graph.nodes.push_back({.name = "a", .op = Activation{}, .inputs = {"image"}});
//   graph.outputs = {"a"};
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "graph/ops/operators.h"

namespace octet {

struct Node {
  std::string name;  // also the name of the value it makes
  Operator op;
  std::vector<std::string> inputs;
};

struct Graph {
  std::string input = "image";  // (1, 3, H, W), RGB in [0, 1]
  std::vector<Node> nodes;
  std::vector<std::string> outputs;  // names of values; the model's head has their meaning

  [[nodiscard]] const Node* find(std::string_view name) const;
};

}  // namespace octet
