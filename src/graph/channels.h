// The channels of a Graph that can be removed, and which of them have to go together. Only the
// graph says so: the channels that an Add, a Concat, a Slice, a pooling or a depthwise convolution
// connects are one group. Channels of the image, of the outputs, and of operators that do not
// describe their channels (graph/ops/operator.h) stay, so no group has them.
//
// A group names nodes by their index in graph.nodes. It holds for this graph alone, until its nodes
// or its channels change.
//
//   for (const ChannelGroup& group : channel_groups(graph)) …
//   graph = remove_channels(std::move(graph), chosen);  // graph/passes/passes.h
#pragma once

#include <vector>

#include "graph/graph.h"

namespace octet {

struct ChannelSlot {
  size_t node = 0;  // of graph.nodes
  int64_t channel = 0;
};

struct ChannelGroup {
  std::vector<ChannelSlot> values;   // channels of the values that these nodes make
  std::vector<ChannelSlot> readers;  // input channels of convolutions that mix them with others
  // Groups of the same nodes have the same number: they are the channels of one width.
  size_t width = 0;
};

// All groups, in the order of their first node and channel.
[[nodiscard]] std::vector<ChannelGroup> channel_groups(const Graph& graph);

// The sum of the squares of the weights that read a group. Without such weights its removal changes
// no output.
[[nodiscard]] double reading_weight(const Graph& graph, const ChannelGroup& group);

// The groups that no weight reads. One of each width is left out, since a value needs a channel.
[[nodiscard]] std::vector<ChannelGroup> unused_channels(const Graph& graph);

}  // namespace octet
