#include <algorithm>
#include <cmath>
#include <map>
#include <utility>

#include "core/error.h"
#include "graph/passes/passes.h"

namespace octet {
namespace {

void fold_into(Conv2d& conv, const BatchNorm& norm) {
  const size_t channels = norm.gamma.values.size();
  const size_t per_channel = conv.weight.values.size() / channels;
  if (conv.bias.empty())
    conv.bias = {{static_cast<int64_t>(channels)}, std::vector<float>(channels, 0.0F)};
  for (size_t c = 0; c < channels; ++c) {
    const double factor = norm.gamma.values[c] /
                          std::sqrt(static_cast<double>(norm.variance.values[c]) + norm.epsilon);
    for (size_t i = 0; i < per_channel; ++i) {
      float& w = conv.weight.values[c * per_channel + i];
      w = static_cast<float>(w * factor);
    }
    float& bias = conv.bias.values[c];
    bias = static_cast<float>(norm.beta.values[c] +
                              (static_cast<double>(bias) - norm.mean.values[c]) * factor);
  }
}

}  // namespace

Graph fold_batch_norm(Graph graph) {
  std::map<std::string, int> uses;
  for (const Node& node : graph.nodes) {
    for (const std::string& in : node.inputs) ++uses[in];
  }
  std::map<std::string, std::string>
      renamed;  // value of a folded BatchNorm -> value of its convolution
  std::vector<Node> kept;
  for (Node& node : graph.nodes) {
    for (std::string& in : node.inputs) {
      if (const auto to = renamed.find(in); to != renamed.end()) in = to->second;
    }
    const auto* norm = std::get_if<BatchNorm>(&node.op);
    if (norm == nullptr) {
      kept.push_back(std::move(node));
      continue;
    }
    const auto before = std::find_if(kept.begin(), kept.end(),
                                     [&](const Node& n) { return n.name == node.inputs.at(0); });
    auto* conv = before == kept.end() ? nullptr : std::get_if<Conv2d>(&before->op);
    if (conv == nullptr || uses[before->name] != 1) {
      fail("[BatchNorm {}] does not follow a convolution of its own, cannot be folded", node.name);
    }
    fold_into(*conv, *norm);
    renamed[node.name] = before->name;
  }
  graph.nodes = std::move(kept);
  for (Output& output : graph.outputs) {
    if (const auto to = renamed.find(output.value); to != renamed.end()) output.value = to->second;
  }
  return graph;
}

}  // namespace octet
