// Slices as files and engines see them. An export writes a Slice only where it is read, and joins
// neighbouring slices again.
#pragma once

#include <cstdint>
#include <functional>
#include <string>
#include <vector>

#include "graph/graph.h"

namespace octet {

// Returns the values that a Concat of `inputs` reads in a file. Neighbouring slices that make up a
// whole value are that value, so nothing is copied for them. `channels_of` gives the number of
// channels of a value.
[[nodiscard]] std::vector<std::string> joined_values(
    const Graph& graph, const std::vector<std::string>& inputs,
    const std::function<int64_t(const std::string&)>& channels_of);

}  // namespace octet
