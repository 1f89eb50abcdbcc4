#include "model/smaller_networks.h"

#include <utility>

#include "graph/blocks.h"
#include "graph/branches.h"
#include "model/passes/passes.h"

namespace octet {
namespace {

// Many graphs are kept at once, and their shapes are enough.
Graph without_weights(const Graph& graph) {
  Graph shapes{.input = graph.input, .nodes = {}, .outputs = graph.outputs};
  for (const Node& node : graph.nodes) {
    Node& copy = shapes.nodes.emplace_back(Node{node.name, {}, node.inputs});
    const auto* conv = std::get_if<Conv2d>(&node.op);
    if (conv == nullptr) {
      copy.op = node.op;
      continue;
    }
    Conv2d bare{.stride = conv->stride, .padding = conv->padding, .groups = conv->groups};
    bare.weight.shape = conv->weight.shape;
    copy.op = std::move(bare);
  }
  return shapes;
}

// The graph, and what is left of it after each of its blocks is removed, one after the other.
void add_without_blocks(Model model, std::vector<Graph>& graphs) {
  while (true) {
    graphs.push_back(without_weights(model.graph));
    const std::vector<Block> blocks = find_blocks(model.graph);
    if (blocks.empty()) return;
    model = remove_block(std::move(model), blocks.front().output);
  }
}

}  // namespace

std::vector<Graph> smaller_networks(const Model& model) {
  const Model folded = add_fine_keypoints(fold_batch_norm(model));
  std::vector<Graph> graphs;
  add_without_blocks(folded, graphs);
  if (folded.info.head.strides.size() > 1) {
    for (const int stride : folded.info.head.strides) {
      const Model without = remove_scale(folded, stride);
      add_without_blocks(without, graphs);
      if (!find_branches(without.graph).empty())
        add_without_blocks(remove_scale_and_branches(folded, stride), graphs);
    }
  }
  return graphs;
}

}  // namespace octet
