// Joins values along the channels.
#pragma once

#include "graph/ops/operator.h"

namespace octet {

struct Concat {
  static constexpr OperatorTraits kTraits{
      .name = "Concat", .moves_data = true, .shares_scale = true};

  [[nodiscard]] static Shape output_shape(const ShapeInputs& in);
  [[nodiscard]] static std::vector<ChannelTie> channel_ties(std::span<const int64_t> channels);
};

}  // namespace octet
