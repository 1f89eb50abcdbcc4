#include "quant/fine_keypoints.h"

#include <algorithm>
#include <vector>

namespace octet {
namespace {

// Twice the same numbers, along the first axis.
void repeat(Tensor& t) {
  t.shape.at(0) *= 2;
  const size_t once = t.values.size();
  t.values.resize(2 * once);
  std::copy_n(t.values.begin(), once, t.values.begin() + static_cast<std::ptrdiff_t>(once));
}

}  // namespace

Graph add_fine_keypoints(Graph graph) {
  std::vector<Output> fine;
  for (const Output& o : graph.outputs) {
    if (o.role != OutputRole::kKeypoint) continue;
    const auto at = std::find_if(graph.nodes.begin(), graph.nodes.end(),
                                 [&](const Node& n) { return n.name == o.value; });
    Node node = *at;
    node.name += ".fine";
    auto* conv = std::get_if<Conv2d>(&node.op);
    if (conv == nullptr || conv->groups != 1 || conv->bias.empty()) continue;
    repeat(conv->weight);
    repeat(conv->bias);
    fine.push_back({.value = node.name, .role = OutputRole::kFineKeypoint, .stride = o.stride});
    graph.nodes.insert(at + 1, std::move(node));
  }
  graph.outputs.insert(graph.outputs.end(), fine.begin(), fine.end());
  return graph;
}

void spread_fine_keypoints(Graph& graph, const Placement& placement,
                           const std::vector<QuantParams>& groups) {
  for (const Output& o : graph.outputs) {
    const auto group = placement.group_of.find(o.value);
    if (o.role != OutputRole::kFineKeypoint || group == placement.group_of.end()) continue;
    const float third = groups[group->second].scale / 3;
    for (Node& node : graph.nodes) {
      if (node.name != o.value) continue;
      std::vector<float>& bias = std::get<Conv2d>(node.op).bias.values;
      for (size_t i = 0; i < bias.size(); ++i) bias[i] += i < bias.size() / 2 ? -third : third;
    }
  }
}

}  // namespace octet
