// A convolution with a square stride and a square dilation.
#pragma once

#include <vector>

#include "graph/ops/convolution/padding.h"
#include "graph/ops/operator.h"

namespace octet {

// (1, I, H, W) to (1, O, H', W').
struct Conv2d {
  static constexpr OperatorTraits kTraits{.name = "Conv2d"};

  int stride = 1;
  Padding padding;
  int groups = 1;
  int dilation = 1;  // the distance of two neighbours of the kernel, in pixels
  Tensor weight;     // (O, I / groups, kH, kW)
  Tensor bias;       // (O), or empty

  template <typename Op, typename Visit>
  static void fields(Op& op, Visit&& visit) {
    visit("stride", op.stride);
    visit("padding", op.padding);
    visit("groups", op.groups);
    visit("dilation", op.dilation);
  }
  template <typename Op, typename Visit>
  static void tensors(Op& op, Visit&& visit) {
    visit("weight", op.weight, Needed::kYes);
    visit("bias", op.bias, Needed::kNo);
  }
  [[nodiscard]] Shape output_shape(const ShapeInputs& in) const;
  [[nodiscard]] double multiplications(const Shape& output) const;
  // A group of a convolution with several goes as a whole: all of its inputs and outputs.
  [[nodiscard]] std::vector<ChannelTie> channel_ties(std::span<const int64_t> channels) const;
  void keep_channels(const ChannelList& inputs, const ChannelList& outputs);
};

// Returns the convolution with only these output channels, in this order. It must have no groups.
[[nodiscard]] Conv2d select_outputs(Conv2d whole, const ChannelList& channels);
// The same for input channels.
[[nodiscard]] Conv2d select_inputs(Conv2d whole, const ChannelList& channels);

}  // namespace octet
