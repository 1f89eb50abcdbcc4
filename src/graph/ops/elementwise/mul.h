// The product of two values.
#pragma once

#include "graph/ops/operator.h"

namespace octet {

// The second value has the shape of the first, or one factor a channel (1, C, 1, 1).
struct Mul {
  static constexpr OperatorTraits kTraits{.name = "Mul", .channelwise = true};

  [[nodiscard]] static Shape output_shape(const ShapeInputs& in);
};

}  // namespace octet
