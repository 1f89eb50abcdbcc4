// The mean of each channel.
#pragma once

#include "graph/ops/operator.h"

namespace octet {

// (1, C, H, W) to (1, C, 1, 1).
struct GlobalAvgPool {
  static constexpr OperatorTraits kTraits{
      .name = "GlobalAvgPool", .shares_scale = true, .channelwise = true};

  [[nodiscard]] static Shape output_shape(const ShapeInputs& in) { return {1, in.only()[1], 1, 1}; }
};

}  // namespace octet
