// The mean of each window, without padding.
#pragma once

#include "graph/ops/operator.h"

namespace octet {

struct AvgPool {
  static constexpr OperatorTraits kTraits{
      .name = "AvgPool", .shares_scale = true, .channelwise = true};

  int kernel = 2;
  int stride = 1;

  template <typename Op, typename Visit>
  static void fields(Op& op, Visit&& visit) {
    visit("kernel", op.kernel);
    visit("stride", op.stride);
  }
  [[nodiscard]] Shape output_shape(const ShapeInputs& in) const;
};

}  // namespace octet
