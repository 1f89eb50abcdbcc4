// The shape of every value of a Graph.
#pragma once

#include <map>
#include <string>

#include "core/size.h"
#include "graph/graph.h"

namespace octet {

// The shape (1, C, H, W) of every value, the input's among them, for an input of `size` pixels
// (multiples of 32, or Graph::size). Throws an Error that names the node when operands do not fit.
[[nodiscard]] std::map<std::string, Shape> infer_shapes(const Graph& graph, Size size);

}  // namespace octet
