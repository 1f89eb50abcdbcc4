// The size of a Graph in parameters, and its cost in operations.
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
// The cost of one node whose value has the shape `output`.
[[nodiscard]] Cost cost(const Node& node, const Shape& output);

}  // namespace octet
