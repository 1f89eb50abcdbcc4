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
  [[nodiscard]] std::vector<ChannelTie> channel_ties(std::span<const int64_t> channels) const;
  void keep_channels(const ChannelList& inputs, const ChannelList& outputs);
};

}  // namespace octet
