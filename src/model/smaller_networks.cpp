#include "model/smaller_networks.h"

#include <utility>

#include "graph/blocks.h"
#include "model/passes/passes.h"

namespace octet {
namespace {

// The graph, and what is left of it after each of its blocks is removed, one after the other.
void add_without_blocks(Model model, std::vector<Graph>& graphs) {
  while (true) {
    graphs.push_back(model.graph);
    const std::vector<Block> blocks = find_blocks(model.graph);
    if (blocks.empty()) return;
    model = remove_block(std::move(model), blocks.front().output);
  }
}

}  // namespace

std::vector<Graph> smaller_networks(const Model& model) {
  const Model folded = fold_batch_norm(model);
  std::vector<Graph> graphs;
  add_without_blocks(folded, graphs);
  if (folded.info.head.strides.size() > 1) {
    for (const int stride : folded.info.head.strides)
      add_without_blocks(remove_scale(folded, stride), graphs);
  }
  return graphs;
}

}  // namespace octet
