// The largest value of each window; padding never wins.
#pragma once

#include "graph/ops/convolution/padding.h"
#include "graph/ops/operator.h"

namespace octet {

struct MaxPool {
  static constexpr OperatorTraits kTraits{
      .name = "MaxPool", .moves_data = true, .shares_scale = true, .channelwise = true};

  int kernel = 5;
  int stride = 1;
  Padding padding = 2;

  template <typename Op, typename Visit>
  static void fields(Op& op, Visit&& visit) {
    visit("kernel", op.kernel);
    visit("stride", op.stride);
    visit("padding", op.padding);
  }
  [[nodiscard]] Shape output_shape(const ShapeInputs& in) const;
};

}  // namespace octet
