#include <map>
#include <set>
#include <string>
#include <utility>

#include "core/error.h"
#include "core/size.h"
#include "graph/passes/passes.h"
#include "graph/shapes.h"
#include "graph/verify.h"

namespace octet {

Graph remove_channels(Graph graph, std::span<const ChannelGroup> groups) {
  std::map<std::string, std::set<int64_t>> removed;
  for (const ChannelGroup& group : groups) {
    for (const ChannelSlot& slot : group.values)
      removed[graph.nodes.at(slot.node).name].insert(slot.channel);
  }
  std::map<std::string, ChannelList> kept;
  for (const auto& [value, shape] : infer_shapes(graph, graph.smallest_size())) {
    const auto gone = removed.find(value);
    ChannelList& list = kept[value];
    for (int64_t c = 0; c < shape[1]; ++c) {
      if (gone == removed.end() || !gone->second.contains(c)) list.push_back(c);
    }
  }
  for (Node& node : graph.nodes) {
    if (kept.at(node.name).empty())
      fail("[{} {}] would keep no channel; leave one, or remove the block or scale it belongs to",
           operator_name(node.op), node.name);
    keep_channels(node.op, kept.at(node.inputs.at(0)), kept.at(node.name));
  }
  verify(graph);
  return graph;
}

}  // namespace octet
