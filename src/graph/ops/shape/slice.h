// Takes some of the channels.
#pragma once

#include "graph/ops/operator.h"

namespace octet {

// Channels [begin, end).
struct Slice {
  static constexpr OperatorTraits kTraits{
      .name = "Slice", .moves_data = true, .shares_scale = true};

  int begin = 0;
  int end = 0;

  template <typename Op, typename Visit>
  static void fields(Op& op, Visit&& visit) {
    visit("begin", op.begin);
    visit("end", op.end);
  }
  [[nodiscard]] Shape output_shape(const ShapeInputs& in) const;
};

}  // namespace octet
