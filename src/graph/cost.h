// How large a Graph is, and how much it computes.
#pragma once

#include <cstdint>

#include "core/size.h"
#include "graph/graph.h"

namespace octet {

struct Cost {
  int64_t parameters = 0;  // of convolutions and BatchNorm (gamma and beta)
  double gflops = 0;       // 2 × multiply-accumulates / 1e9
};
[[nodiscard]] Cost cost(const Graph& graph, Size size);
// Of a node that makes a value of shape `output`.
[[nodiscard]] Cost cost(const Node& node, const Shape& output);

}  // namespace octet
