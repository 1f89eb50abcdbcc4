// The network as data: nodes in execution order over named values. The single truth that importers
// build and that exporters, the trainer and the integer reference walk. A node makes exactly one
// value, which carries the node's name.
//
// Everything is a plain value type: copying a Graph copies its weights. Layout of activations is
// NCHW, of convolution weights (out, in / groups, height, width). Who makes and who reads a value is
// asked of a Topology (graph/topology.h).
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
  std::vector<std::string> outputs;  // values; what they mean is the model's head's to say

  [[nodiscard]] const Node* find(std::string_view name) const;
};

}  // namespace octet
