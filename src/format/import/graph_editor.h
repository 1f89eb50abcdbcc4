// A graph whose nodes are taken out one by one, for simplify().
#pragma once

#include <map>
#include <set>
#include <string>
#include <vector>

#include "graph/graph.h"

namespace octet {

class GraphEditor {
 public:
  explicit GraphEditor(Graph graph);

  [[nodiscard]] size_t size() const { return graph_.nodes.size(); }
  [[nodiscard]] Node& node(size_t i) { return graph_.nodes[i]; }
  [[nodiscard]] bool is_gone(size_t i) const { return gone_[i]; }
  [[nodiscard]] const std::string& input() const { return graph_.input; }
  // The node that makes a value; null for the graph's input.
  [[nodiscard]] Node* producer(const std::string& value);
  [[nodiscard]] std::vector<Node*> readers(const std::string& value);
  [[nodiscard]] bool is_output(const std::string& value) const;
  // The only node that reads a value, which is no output; null where there is none.
  [[nodiscard]] Node* only_reader(const std::string& value);

  // Lets the node read another value.
  void set_inputs(Node& node, std::vector<std::string> inputs);
  // Takes a node out; those that read its value read `instead`.
  void replace(size_t i, const std::string& instead);
  // Puts a node before the first.
  void insert_first(Node node) { first_.push_back(std::move(node)); }

  // The graph without nodes that nothing reads.
  [[nodiscard]] Graph finish();

 private:
  Graph graph_;
  std::vector<Node> first_;
  std::vector<bool> gone_;
  std::map<std::string, size_t> made_by_;
  std::map<std::string, std::multiset<size_t>> read_by_;
};

}  // namespace octet
