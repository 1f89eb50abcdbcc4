#include <algorithm>
#include <cmath>
#include <utility>
#include <vector>

#include "core/error.h"
#include "graph/passes/passes.h"

namespace octet {
namespace {

// Whether the group has a channel of a convolution that reads the image.
bool is_of_stem(const Graph& graph, const ChannelGroup& group) {
  return std::any_of(group.values.begin(), group.values.end(), [&](const ChannelSlot& slot) {
    const Node& node = graph.nodes[slot.node];
    return std::holds_alternative<Conv2d>(node.op) && node.inputs[0] == graph.input;
  });
}

}  // namespace

Graph narrow_stem(Graph graph, double share) {
  if (!(share > 0 && share < 1))
    fail("narrow_stem: a share of {} is not possible; give one between 0 and 1", share);
  std::vector<std::pair<double, ChannelGroup>> stem;
  for (ChannelGroup& group : channel_groups(graph)) {
    if (is_of_stem(graph, group)) stem.emplace_back(reading_weight(graph, group), std::move(group));
  }
  if (stem.empty()) fail("narrow_stem: all channels of the first convolution have to stay");
  std::stable_sort(stem.begin(), stem.end(),
                   [](const auto& a, const auto& b) { return a.first < b.first; });
  const auto wanted = static_cast<size_t>(std::lround(share * static_cast<double>(stem.size())));
  stem.resize(std::min(wanted, stem.size() - 1));
  std::vector<ChannelGroup> chosen;
  for (auto& [weight, group] : stem) chosen.push_back(std::move(group));
  return remove_channels(std::move(graph), chosen);
}

}  // namespace octet
