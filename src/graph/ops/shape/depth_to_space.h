// Turns groups of channels into pixels of a larger image.
#pragma once

#include "graph/ops/operator.h"

namespace octet {

// (1, factor² · C, H, W) to (1, C, factor · H, factor · W). Channel (i · factor + j) · C + c gives
// the pixels (factor · y + i, factor · x + j) of channel c, as in TensorFlow.
struct DepthToSpace {
  static constexpr OperatorTraits kTraits{
      .name = "DepthToSpace", .moves_data = true, .shares_scale = true};

  int factor = 2;

  template <typename Op, typename Visit>
  static void fields(Op& op, Visit&& visit) {
    visit("factor", op.factor);
  }
  [[nodiscard]] Shape output_shape(const ShapeInputs& in) const;
};

}  // namespace octet
