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

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "core/size.h"
#include "graph/ops/operators.h"

namespace octet {

struct Node {
  std::string name;  // also the name of the value it makes
  Operator op;
  std::vector<std::string> inputs;
};

struct Graph {
  std::string input = "image";  // (1, 3, H, W), RGB in [0, 1]
  // The only size of the input; nothing: every multiple of 32.
  std::optional<Size> size = {};
  std::vector<Node> nodes;
  std::vector<std::string> outputs;  // names of values; the model's head has their meaning

  [[nodiscard]] const Node* find(std::string_view name) const;
  // The smallest input that it takes.
  [[nodiscard]] Size smallest_size() const {
    return size.value_or(Size{kInputMultiple, kInputMultiple});
  }
};

}  // namespace octet
