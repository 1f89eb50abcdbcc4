// The producer and the consumers of each value of a Graph, and the operators that engines compute
// together. All code that places quantizers, executes or exports uses it.
//
// A Topology borrows the graph's nodes. They have to outlive it, and no node may be added, removed
// or renamed. Moving the graph keeps the Topology valid. A copy of the graph needs its own. Any
// number of threads may use it.
//
//   const Topology topology(graph);
//   const Node* conv = topology.producer(value);  // null: the graph's input
#pragma once

#include <span>
#include <string>
#include <unordered_map>
#include <vector>

#include "graph/graph.h"

namespace octet {

class Topology {
 public:
  explicit Topology(const Graph& graph);
  Topology(Topology&&) = default;
  Topology& operator=(Topology&&) = default;

  // The node that makes a value; null for the graph's input.
  [[nodiscard]] const Node* producer(const std::string& value) const;
  // The nodes that read a value, in order. A node that reads it twice appears twice.
  [[nodiscard]] std::span<const Node* const> consumers(const std::string& value) const;
  // The consumer of a value. Null where it has none or several, and where the value is an output.
  [[nodiscard]] const Node* only_consumer(const std::string& value) const;
  [[nodiscard]] bool is_output(const std::string& value) const;

  // The activation that is the only consumer of `node`; null where there is none.
  [[nodiscard]] const Node* activation_after(const Node& node) const;
  // Whether the value is no output, and only convolutions without groups read it. These mix its
  // channels freely.
  [[nodiscard]] bool only_mixed(const std::string& value) const;
  // Whether a SiLU reads the value of `node`.
  [[nodiscard]] bool feeds_silu(const Node& node) const;

  // The activation that engines compute within this convolution or sum, and the node that computes
  // such an activation. Null where there is none.
  [[nodiscard]] const Node* fused_activation(const Node& node) const;
  [[nodiscard]] const Node* fusing_node(const Node& activation) const;

 private:
  struct Value {
    const Node* producer = nullptr;
    std::vector<const Node*> consumers;
    bool output = false;
  };
  [[nodiscard]] const Value* find(const std::string& value) const;

  std::unordered_map<std::string, Value> values_;
};

}  // namespace octet
