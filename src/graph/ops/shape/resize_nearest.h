// Enlarges height and width by repeating values.
#pragma once

#include "graph/ops/operator.h"

namespace octet {

struct ResizeNearest {
  static constexpr OperatorTraits kTraits{
      .name = "ResizeNearest", .moves_data = true, .shares_scale = true, .channelwise = true};

  int factor = 2;

  template <typename Op, typename Visit>
  static void fields(Op& op, Visit&& visit) {
    visit("factor", op.factor);
  }
  [[nodiscard]] Shape output_shape(const ShapeInputs& in) const;
};

}  // namespace octet
