#include <algorithm>
#include <map>
#include <utility>
#include <vector>

#include "core/error.h"
#include "core/size.h"
#include "graph/blocks.h"
#include "graph/passes/concat_input.h"
#include "graph/passes/passes.h"
#include "graph/shapes.h"
#include "graph/topology.h"
#include "graph/verify.h"

namespace octet {
namespace {

Block block_of(const Graph& graph, const std::string& output) {
  std::vector<std::string> outputs;
  for (Block& block : find_blocks(graph)) {
    if (block.output == output) return std::move(block);
    outputs.push_back(block.output);
  }
  fail("'{}' is the output of no block that can be removed; the blocks are {}", output,
       outputs.empty() ? "none" : fmt::format("{}", fmt::join(outputs, ", ")));
}

class BlockRemoval {
 public:
  BlockRemoval(Graph& graph, Block block)
      : graph_(graph),
        block_(std::move(block)),
        shapes_(infer_shapes(graph, graph.smallest_size())) {}

  void run() {
    for (Node& node : graph_.nodes) {
      if (!std::holds_alternative<Concat>(node.op) || !Topology(graph_).only_mixed(node.name))
        continue;
      while (has_both(node)) shorten(node);
    }
    replace(block_.output, block_.input);
    for (Node& node : graph_.nodes) {
      if (const std::string whole = whole_of(node); !whole.empty()) replace(node.name, whole);
    }
  }

 private:
  [[nodiscard]] bool has_both(const Node& join) const {
    const auto has = [&](const std::string& value) {
      return std::find(join.inputs.begin(), join.inputs.end(), value) != join.inputs.end();
    };
    return has(block_.input) && has(block_.output);
  }

  // Takes the block's output out of a Concat, and its channels out of the convolutions behind.
  void shorten(Node& join) {
    const ConcatPart gone = part_of(join, block_.output, shapes_);
    const ConcatPart stays = part_of(join, block_.input, shapes_);
    for (Node& node : graph_.nodes) {
      if (block_.shortcut && node.inputs[0] == join.name)
        add_columns(std::get<Conv2d>(node.op), gone, stays.begin);
    }
    take_input(graph_, join, block_.output, gone);
  }

  // Adds the weights that read some input channels to those that read the ones from `to` on.
  static void add_columns(Conv2d& conv, const ConcatPart& from, int64_t to) {
    const Shape& w = conv.weight.shape;
    const int64_t kernel = w[2] * w[3];
    for (int64_t o = 0; o < w[0]; ++o) {
      for (int64_t i = 0; i < from.size * kernel; ++i) {
        const int64_t row = o * w[1] * kernel;
        conv.weight.values.at(static_cast<size_t>(row + to * kernel + i)) +=
            conv.weight.values.at(static_cast<size_t>(row + from.begin * kernel + i));
      }
    }
  }

  // The value that a Concat joins again from its slices; empty where it makes another one.
  [[nodiscard]] std::string whole_of(const Node& join) const {
    if (!std::holds_alternative<Concat>(join.op)) return {};
    if (join.inputs.size() == 1) return join.inputs[0];
    std::string whole;
    int64_t end = 0;
    for (const std::string& in : join.inputs) {
      const Node* node = graph_.find(in);
      const auto* slice = node == nullptr ? nullptr : std::get_if<Slice>(&node->op);
      if (slice == nullptr || slice->begin != end || (end > 0 && node->inputs[0] != whole))
        return {};
      whole = node->inputs[0];
      end = slice->end;
    }
    return end == shapes_.at(whole)[1] ? whole : std::string();
  }

  void replace(const std::string& value, const std::string& by) {
    for (Node& node : graph_.nodes) std::replace(node.inputs.begin(), node.inputs.end(), value, by);
  }

  Graph& graph_;
  Block block_;
  std::map<std::string, Shape> shapes_;
};

}  // namespace

Graph remove_block(Graph graph, const std::string& output) {
  BlockRemoval(graph, block_of(graph, output)).run();
  graph = remove_unused_nodes(std::move(graph));
  verify(graph);
  return graph;
}

}  // namespace octet
