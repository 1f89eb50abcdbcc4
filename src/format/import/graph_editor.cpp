#include "format/import/graph_editor.h"

#include <algorithm>
#include <utility>

#include "graph/passes/passes.h"

namespace octet {

GraphEditor::GraphEditor(Graph graph) : graph_(std::move(graph)), gone_(graph_.nodes.size()) {
  for (size_t i = 0; i < graph_.nodes.size(); ++i) {
    made_by_[graph_.nodes[i].name] = i;
    for (const std::string& in : graph_.nodes[i].inputs) read_by_[in].insert(i);
  }
}

Node* GraphEditor::producer(const std::string& value) {
  const auto at = made_by_.find(value);
  return at == made_by_.end() || gone_[at->second] ? nullptr : &graph_.nodes[at->second];
}

std::vector<Node*> GraphEditor::readers(const std::string& value) {
  std::vector<Node*> list;
  for (const size_t i : read_by_[value]) list.push_back(&graph_.nodes[i]);
  return list;
}

bool GraphEditor::is_output(const std::string& value) const {
  return std::find(graph_.outputs.begin(), graph_.outputs.end(), value) != graph_.outputs.end();
}

Node* GraphEditor::only_reader(const std::string& value) {
  const auto& list = read_by_[value];
  return list.size() != 1 || is_output(value) ? nullptr : &graph_.nodes[*list.begin()];
}

void GraphEditor::set_inputs(Node& node, std::vector<std::string> inputs) {
  const auto i = static_cast<size_t>(&node - graph_.nodes.data());
  for (const std::string& in : node.inputs) {
    auto& list = read_by_[in];
    if (const auto at = list.find(i); at != list.end()) list.erase(at);
  }
  for (const std::string& in : inputs) read_by_[in].insert(i);
  node.inputs = std::move(inputs);
}

void GraphEditor::replace(size_t i, const std::string& instead) {
  Node& node = graph_.nodes[i];
  const std::string value = node.name;
  set_inputs(node, {});
  gone_[i] = true;
  for (Node* reader : readers(value)) {
    std::vector<std::string> inputs = reader->inputs;
    std::replace(inputs.begin(), inputs.end(), value, instead);
    set_inputs(*reader, std::move(inputs));
  }
  std::replace(graph_.outputs.begin(), graph_.outputs.end(), value, instead);
}

Graph GraphEditor::finish() {
  Graph out = std::move(graph_);
  std::vector<Node> kept = std::move(first_);
  for (size_t i = 0; i < out.nodes.size(); ++i)
    if (!gone_[i]) kept.push_back(std::move(out.nodes[i]));
  out.nodes = std::move(kept);
  return remove_unused_nodes(std::move(out));
}

}  // namespace octet
