// A float network computed naively: the yardstick for exports of float models.
#pragma once

#include <map>
#include <string>

#include "model/model.h"
#include "quant/reference/operators.h"

namespace octet {

// Every value of the graph by its name. `image` (3, H, W) in [0, 1]. The graph without BatchNorm.
[[nodiscard]] std::map<std::string, FloatTensor> run_in_float(const Graph& graph,
                                                              FloatTensor image);

}  // namespace octet
