// A convolution with a square stride and the same padding on all four sides.
#pragma once

#include <vector>

#include "graph/ops/operator.h"

namespace octet {

// (1, I, H, W) to (1, O, H', W').
struct Conv2d {
  static constexpr OperatorTraits kTraits{.name = "Conv2d"};

  int stride = 1;
  int padding = 0;
  int groups = 1;
  Tensor weight;  // (O, I / groups, kH, kW)
  Tensor bias;    // (O), or empty

  template <typename Op, typename Visit>
  static void fields(Op& op, Visit&& visit) {
    visit("stride", op.stride);
    visit("padding", op.padding);
    visit("groups", op.groups);
  }
  template <typename Op, typename Visit>
  static void tensors(Op& op, Visit&& visit) {
    visit("weight", op.weight, Needed::kYes);
    visit("bias", op.bias, Needed::kNo);
  }
  [[nodiscard]] Shape output_shape(const ShapeInputs& in) const;
  [[nodiscard]] double multiplications(const Shape& output) const;
};

// Returns the convolution with only these output channels, in this order. It must have no groups.
[[nodiscard]] Conv2d select_outputs(const Conv2d& whole, const std::vector<size_t>& channels);

}  // namespace octet
