// The work of a layer on a Raspberry Pi, on paper: operations with the channels that XNNPACK's int8
// kernels add, and bytes moved. Nothing is measured.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "measure/cost/layer.h"

namespace octet {

// A processor, and the channels that its kernel for convolutions computes together. Weights are
// padded to whole tiles: outputs in all, inputs for each element of a kernel.
struct XnnpackTile {
  std::string_view target;     // of --target
  std::string_view processor;  // the same by its core
  int outputs = 1, inputs = 1;
};
[[nodiscard]] const std::vector<XnnpackTile>& xnnpack_tiles();
// Null: there is no such target or processor.
[[nodiscard]] const XnnpackTile* find_xnnpack_tile(std::string_view name);

struct PaperCost {
  double operations = 0;         // 2 × multiply-accumulates
  double padded_operations = 0;  // the same with whole tiles
  double bytes = 0;              // read and written: int8 values and weights of each operator
};
[[nodiscard]] PaperCost cost_on(const XnnpackTile& tile, const Layer& layer);

}  // namespace octet
