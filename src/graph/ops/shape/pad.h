// Adds pixels around an image, or channels behind it.
#pragma once

#include "graph/ops/convolution/padding.h"
#include "graph/ops/operator.h"

namespace octet {

struct Pad {
  static constexpr OperatorTraits kTraits{.name = "Pad", .shares_scale = true};

  Padding padding;
  int channels = 0;  // behind those of the input
  float value = 0;   // of all that is added

  template <typename Op, typename Visit>
  static void fields(Op& op, Visit&& visit) {
    visit("padding", op.padding);
    visit("channels", op.channels);
    visit("value", op.value);
  }
  [[nodiscard]] Shape output_shape(const ShapeInputs& in) const;
};

}  // namespace octet
