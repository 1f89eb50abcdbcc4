// The sum of two values of equal shape.
#pragma once

#include "graph/ops/operator.h"

namespace octet {

struct Add {
  static constexpr OperatorTraits kTraits{.name = "Add", .channelwise = true};

  [[nodiscard]] static Shape output_shape(const ShapeInputs& in);
};

}  // namespace octet
