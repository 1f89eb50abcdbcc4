// A ReLU that multiplies negative values by a factor of their channel.
#pragma once

#include "graph/ops/operator.h"

namespace octet {

struct Prelu {
  static constexpr OperatorTraits kTraits{.name = "Prelu", .channelwise = true};

  Tensor slope;  // (C)

  template <typename Op, typename Visit>
  static void tensors(Op& op, Visit&& visit) {
    visit("slope", op.slope, Needed::kYes);
  }
  [[nodiscard]] Shape output_shape(const ShapeInputs& in) const;
  void keep_channels(const ChannelList& inputs, const ChannelList& outputs);
};

}  // namespace octet
