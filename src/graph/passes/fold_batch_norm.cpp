#include <cmath>
#include <map>
#include <utility>

#include "core/error.h"
#include "graph/passes/passes.h"

namespace octet {

Conv2d fold(Conv2d conv, const BatchNorm& norm) {
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
  return conv;
}

Graph fold_batch_norm(Graph graph) {
  std::map<std::string, int> uses;
  for (const Node& node : graph.nodes) {
    for (const std::string& in : node.inputs) ++uses[in];
  }
  std::map<std::string, std::string> renamed;  // value of a BatchNorm -> value of its convolution
  std::map<std::string, size_t> kept_at;
  std::vector<Node> kept;
  for (Node& node : graph.nodes) {
    for (std::string& in : node.inputs) {
      if (const auto to = renamed.find(in); to != renamed.end()) in = to->second;
    }
    const auto* norm = std::get_if<BatchNorm>(&node.op);
    if (norm == nullptr) {
      kept_at[node.name] = kept.size();
      kept.push_back(std::move(node));
      continue;
    }
    const auto at = kept_at.find(node.inputs.at(0));
    auto* conv = at == kept_at.end() ? nullptr : std::get_if<Conv2d>(&kept[at->second].op);
    if (conv == nullptr || uses[at->first] != 1)
      fail("[BatchNorm {}] does not follow a convolution of its own, cannot be folded", node.name);
    *conv = fold(std::move(*conv), *norm);
    renamed[node.name] = at->first;
  }
  graph.nodes = std::move(kept);
  for (std::string& output : graph.outputs) {
    if (const auto to = renamed.find(output); to != renamed.end()) output = to->second;
  }
  return graph;
}

}  // namespace octet
