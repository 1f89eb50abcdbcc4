// Who makes and who reads each value of a Graph, and which operators engines compute together.
// Built once, asked by everything that places quantizers, executes or exports.
//
// A Topology borrows the graph's nodes: they have to outlive it, and none may be added, removed or
// renamed. Moving the graph keeps it valid, copying makes no new one. Any number of threads may ask.
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
  // The nodes that read a value, in order; one that reads it twice is there twice.
  [[nodiscard]] std::span<const Node* const> consumers(const std::string& value) const;
  // The one node that reads a value; null where there are none or several, or where the value is an
  // output.
  [[nodiscard]] const Node* only_consumer(const std::string& value) const;
  [[nodiscard]] bool is_output(const std::string& value) const;

  // The activation that alone reads what `node` makes; null where there is none.
  [[nodiscard]] const Node* activation_after(const Node& node) const;
  // Whether a SiLU reads what `node` makes.
  [[nodiscard]] bool feeds_silu(const Node& node) const;

  // The activation that engines compute within this convolution, and the other way round. Null
  // where there is none.
  [[nodiscard]] const Node* fused_activation(const Node& conv) const;
  [[nodiscard]] const Node* fused_conv(const Node& activation) const;

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
