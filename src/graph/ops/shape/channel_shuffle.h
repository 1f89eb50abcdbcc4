// Reorders the channels: groups of neighbours become neighbours of groups.
#pragma once

#include "graph/ops/operator.h"

namespace octet {

// Channel g · (C / groups) + k becomes channel k · groups + g.
struct ChannelShuffle {
  static constexpr OperatorTraits kTraits{
      .name = "ChannelShuffle", .moves_data = true, .shares_scale = true};

  int groups = 2;

  template <typename Op, typename Visit>
  static void fields(Op& op, Visit&& visit) {
    visit("groups", op.groups);
  }
  [[nodiscard]] Shape output_shape(const ShapeInputs& in) const;
};

}  // namespace octet
