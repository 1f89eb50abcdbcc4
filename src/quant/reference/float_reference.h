// Computes a float network naively. Exports of float models are compared with it.
#pragma once

#include <map>
#include <string>

#include "model/model.h"
#include "quant/reference/operators.h"

namespace octet {

// Returns every value of the graph by its name. `image` is (3, H, W) in [0, 1]. The graph must have
// no BatchNorm.
[[nodiscard]] std::map<std::string, FloatTensor> run_in_float(const Graph& graph,
                                                              FloatTensor image);

}  // namespace octet
