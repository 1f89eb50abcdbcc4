// Runs a graph: nodes in order, and each value is dropped after its last use. The references and
// the trainer's networks all use it.
#pragma once

#include <map>
#include <span>
#include <string>
#include <unordered_map>
#include <utility>
#include <vector>

#include "graph/graph.h"

namespace octet {

// One node to run, and the values that it reads.
struct Step {
  const Node* node = nullptr;
  std::vector<std::string> inputs;
};

// Every node of the graph, with its own inputs.
[[nodiscard]] inline std::vector<Step> steps_of(const Graph& graph) {
  std::vector<Step> steps;
  for (const Node& node : graph.nodes) steps.push_back({&node, node.inputs});
  return steps;
}

// The graph's input and the value of every node.
[[nodiscard]] inline std::vector<std::string> all_values(const Graph& graph) {
  std::vector<std::string> names{graph.input};
  for (const Node& node : graph.nodes) names.push_back(node.name);
  return names;
}

// Counts the remaining reads of each value.
class ReadsLeft {
 public:
  ReadsLeft(std::span<const Step> steps, std::span<const std::string> wanted) {
    for (const Step& step : steps) {
      for (const std::string& name : step.inputs) ++count_[name];
    }
    for (const std::string& name : wanted) ++count_[name];
  }

  // Whether exactly one read is left, of the current node or of a later one.
  [[nodiscard]] bool one(const std::string& value) const {
    const auto at = count_.find(value);
    return at != count_.end() && at->second == 1;
  }
  // Counts a read. Returns true when it was the last.
  bool take(const std::string& value) { return --count_.at(value) == 0; }

 private:
  std::unordered_map<std::string, int> count_;
};

// Runs the steps over `values`, which holds the graph's input, and keeps the `wanted` values there.
// `run(node, inputs, reads_left)` makes the value of a node. `inputs` have the order of the step,
// and `reads_left` includes the reads of this node.
template <typename Value, typename Run>
void walk(std::span<const Step> steps, std::span<const std::string> wanted,
          std::map<std::string, Value>& values, Run&& run) {
  ReadsLeft reads(steps, wanted);
  std::vector<const Value*> inputs;
  for (const Step& step : steps) {
    inputs.clear();
    for (const std::string& name : step.inputs) inputs.push_back(&values.at(name));
    Value made = run(*step.node, std::span<const Value* const>(inputs), std::as_const(reads));
    values.insert_or_assign(step.node->name, std::move(made));
    for (const std::string& name : step.inputs) {
      if (reads.take(name)) values.erase(name);
    }
  }
}

// Returns the wanted values in their order.
template <typename Value>
[[nodiscard]] std::vector<Value> picked(const std::map<std::string, Value>& values,
                                        std::span<const std::string> wanted) {
  std::vector<Value> list;
  for (const std::string& name : wanted) list.push_back(values.at(name));
  return list;
}

}  // namespace octet
