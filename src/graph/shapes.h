// Shape inference, verification and cost of a Graph.
#pragma once

#include <cstdint>
#include <map>
#include <string>

#include "core/size.h"
#include "graph/graph.h"

namespace octet {

// The shape (1, C, H, W) of every value, the input's among them, for an input of `size` pixels
// (multiples of 32). Throws an Error that names the node when operands do not fit.
[[nodiscard]] std::map<std::string, Shape> infer_shapes(const Graph& graph, Size size);

// Checks what everything after the importer relies on: names unique, values made before they are
// used, parameters of the right shapes and finite, outputs present. Throws an Error that names the
// node or tensor.
void verify(const Graph& graph);

struct Cost {
  int64_t parameters = 0;  // of convolutions and BatchNorm (gamma and beta)
  double gflops = 0;       // 2 × multiply-accumulates of the convolutions / 1e9
};
[[nodiscard]] Cost cost(const Graph& graph, Size size);
[[nodiscard]] Cost cost(const Node& node, const Shape& output);

}  // namespace octet
