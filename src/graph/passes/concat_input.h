// Removes an input of a Concat.
#pragma once

#include <cstdint>
#include <map>
#include <string>

#include "graph/graph.h"

namespace octet {

// The place of an input in a Concat's output, in channels.
struct ConcatPart {
  int64_t begin = 0, size = 0;
};
[[nodiscard]] ConcatPart part_of(const Node& join, const std::string& value,
                                 const std::map<std::string, Shape>& shapes);

// Takes the input `value`, which is `part`, out of a Concat that only convolutions without groups
// read, and its channels out of theirs.
void take_input(Graph& graph, Node& join, const std::string& value, const ConcatPart& part);

}  // namespace octet
