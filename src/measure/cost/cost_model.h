// What a layer or a network costs: measured time (cost_table.h), or operations where no device was
// measured. Pruning takes either.
#pragma once

#include <string_view>

#include "core/size.h"
#include "measure/cost/layer.h"

namespace octet {

class CostModel {
 public:
  virtual ~CostModel() = default;
  // "s" or "GFLOPs".
  [[nodiscard]] virtual std::string_view unit() const = 0;
  // Of one layer. Throws an Error that names a layer without a known cost.
  [[nodiscard]] virtual double cost(const Layer& layer) const = 0;
  // Of a whole network without BatchNorm, at an input of `size`.
  [[nodiscard]] double predict(const Graph& graph, Size size) const;
};

// 2 × multiply-accumulates / 1e9, as `octet inspect` counts them. All that moves data is free.
class FlopCost : public CostModel {
 public:
  [[nodiscard]] std::string_view unit() const override { return "GFLOPs"; }
  [[nodiscard]] double cost(const Layer& layer) const override;
};

}  // namespace octet
