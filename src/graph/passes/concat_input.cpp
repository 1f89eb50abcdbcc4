#include "graph/passes/concat_input.h"

#include <algorithm>
#include <utility>

#include "graph/channels.h"

namespace octet {

ConcatPart part_of(const Node& join, const std::string& value,
                   const std::map<std::string, Shape>& shapes) {
  ConcatPart part;
  for (const std::string& in : join.inputs) {
    part.size = shapes.at(in)[1];
    if (in == value) break;
    part.begin += part.size;
  }
  return part;
}

void take_input(Graph& graph, Node& join, const std::string& value, const ConcatPart& part) {
  for (Node& node : graph.nodes) {
    if (node.inputs[0] != join.name) continue;
    auto& conv = std::get<Conv2d>(node.op);
    ChannelList kept;
    for (int64_t c = 0; c < conv.weight.shape[1]; ++c) {
      if (c < part.begin || c >= part.begin + part.size) kept.push_back(c);
    }
    conv = select_inputs(std::move(conv), kept);
  }
  join.inputs.erase(std::find(join.inputs.begin(), join.inputs.end(), value));
}

}  // namespace octet
