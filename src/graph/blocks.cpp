#include "graph/blocks.h"

#include <algorithm>
#include <map>
#include <optional>
#include <set>

#include "core/size.h"
#include "graph/shapes.h"
#include "graph/topology.h"

namespace octet {
namespace {

class BlockFinder {
 public:
  explicit BlockFinder(const Graph& graph)
      : graph_(graph), topology_(graph), shapes_(infer_shapes(graph, graph.smallest_size())) {
    for (size_t i = 0; i < graph.nodes.size(); ++i) index_[graph.nodes[i].name] = i;
  }

  std::vector<Block> run() {
    for (const Node& node : graph_.nodes) {
      if (std::holds_alternative<Add>(node.op)) add_shortcut(node);
      if (std::holds_alternative<Concat>(node.op)) add_chain(node);
    }
    std::vector<Block> list;
    for (const Node& node : graph_.nodes) {
      const auto at = found_.find(node.name);
      if (at != found_.end()) list.push_back(at->second);
    }
    return list;
  }

 private:
  void add_shortcut(const Node& sum) {
    for (const size_t side : {0, 1}) {
      auto nodes = branch(sum.inputs[side], sum.inputs[1 - side]);
      if (!nodes) continue;
      nodes->insert(sum.name);
      keep({.input = sum.inputs[side], .output = sum.name, .shortcut = true}, *nodes);
    }
  }

  void add_chain(const Node& join) {
    if (!topology_.only_mixed(join.name)) return;
    for (const std::string& x : join.inputs) {
      for (const std::string& y : join.inputs) {
        const auto nodes = branch(x, y);
        if (nodes && (shapes_.at(x) == shapes_.at(y) || only_joined(x, y)))
          keep({.input = x, .output = y}, *nodes);
      }
    }
  }

  [[nodiscard]] bool same_size(const std::string& a, const std::string& b) const {
    return shapes_.at(a)[2] == shapes_.at(b)[2] && shapes_.at(a)[3] == shapes_.at(b)[3];
  }

  // The nodes that make y of x alone; nothing where there are others, or none has weights.
  [[nodiscard]] std::optional<std::set<std::string>> branch(const std::string& x,
                                                            const std::string& y) const {
    std::set<std::string> nodes;
    std::vector<std::string> todo{y};
    bool has_conv = false;
    while (!todo.empty()) {
      const std::string value = todo.back();
      todo.pop_back();
      if (value == x || nodes.contains(value)) continue;
      const Node* node = topology_.producer(value);
      if (node == nullptr || !same_size(value, x)) return std::nullopt;
      if (const auto at = index_.find(x); at != index_.end() && index_.at(value) < at->second)
        return std::nullopt;  // it is made before x
      has_conv = has_conv || std::holds_alternative<Conv2d>(node->op);
      nodes.insert(value);
      todo.insert(todo.end(), node->inputs.begin(), node->inputs.end());
    }
    return has_conv ? std::optional(nodes) : std::nullopt;
  }

  // Whether y is only read by Concats that read x as well, and can become shorter.
  [[nodiscard]] bool only_joined(const std::string& x, const std::string& y) const {
    const auto readers = topology_.consumers(y);
    return std::all_of(readers.begin(), readers.end(), [&](const Node* reader) {
      const auto& inputs = reader->inputs;
      return std::holds_alternative<Concat>(reader->op) && topology_.only_mixed(reader->name) &&
             std::find(inputs.begin(), inputs.end(), x) != inputs.end();
    });
  }

  // Keeps the block unless somebody else reads an inner value.
  void keep(Block block, const std::set<std::string>& nodes) {
    if (topology_.is_output(block.output)) return;
    for (const std::string& value : nodes) {
      if (value == block.output) continue;
      const auto readers = topology_.consumers(value);
      const bool inside = std::all_of(readers.begin(), readers.end(),
                                      [&](const Node* n) { return nodes.contains(n->name); });
      if (!inside || topology_.is_output(value)) return;
    }
    block.nodes.assign(nodes.begin(), nodes.end());
    found_.emplace(block.output, std::move(block));
  }

  const Graph& graph_;
  Topology topology_;
  std::map<std::string, Shape> shapes_;
  std::map<std::string, size_t> index_;
  std::map<std::string, Block> found_;  // by output; the first of an output wins
};

}  // namespace

std::vector<Block> find_blocks(const Graph& graph) { return BlockFinder(graph).run(); }

}  // namespace octet
