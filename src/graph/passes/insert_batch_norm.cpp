#include <cmath>
#include <map>
#include <utility>

#include "graph/passes/passes.h"
#include "graph/topology.h"

namespace octet {
namespace {

// A BatchNorm of mean 0 and variance 1 that adds `bias`.
BatchNorm neutral_norm(int64_t channels, const Tensor& bias) {
  const Shape shape{channels};
  const auto count = static_cast<size_t>(channels);
  BatchNorm norm;
  norm.mean = {shape, std::vector<float>(count, 0.0F)};
  norm.variance = {shape, std::vector<float>(count, 1.0F)};
  norm.gamma = {shape, std::vector<float>(count, std::sqrt(1 + norm.epsilon))};
  norm.beta = bias.empty() ? norm.mean : bias;
  return norm;
}

}  // namespace

Graph insert_batch_norm(Graph graph) {
  std::vector<bool> wanted;
  {
    const Topology topology(graph);
    for (const Node& node : graph.nodes)
      wanted.push_back(std::holds_alternative<Conv2d>(node.op) &&
                       topology.activation_after(node) != nullptr);
  }
  std::map<std::string, std::string> renamed;
  std::vector<Node> nodes;
  for (size_t i = 0; i < graph.nodes.size(); ++i) {
    nodes.push_back(std::move(graph.nodes[i]));
    Node& node = nodes.back();
    for (std::string& in : node.inputs) {
      if (const auto at = renamed.find(in); at != renamed.end()) in = at->second;
    }
    if (!wanted[i]) continue;
    auto& conv = std::get<Conv2d>(node.op);
    Node norm{.name = node.name + ".bn",
              .op = neutral_norm(conv.weight.shape[0], conv.bias),
              .inputs = {node.name}};
    conv.bias = {};
    renamed[node.name] = norm.name;
    nodes.push_back(std::move(norm));
  }
  graph.nodes = std::move(nodes);
  return graph;
}

}  // namespace octet
