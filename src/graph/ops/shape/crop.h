// Cuts pixels off the sides of an image.
#pragma once

#include "graph/ops/convolution/padding.h"
#include "graph/ops/operator.h"

namespace octet {

struct Crop {
  static constexpr OperatorTraits kTraits{
      .name = "Crop", .moves_data = true, .shares_scale = true, .channelwise = true};

  Padding sides;  // that are cut off

  template <typename Op, typename Visit>
  static void fields(Op& op, Visit&& visit) {
    visit("sides", op.sides);
  }
  [[nodiscard]] Shape output_shape(const ShapeInputs& in) const;
};

}  // namespace octet
