// A transposed convolution: each pixel adds its kernel to a larger image.
#pragma once

#include "graph/ops/convolution/padding.h"
#include "graph/ops/operator.h"

namespace octet {

// (1, I, H, W) to (1, O, (H − 1) · stride + kH − padding, …). The padding is cut off the sides.
struct TransposedConv2d {
  static constexpr OperatorTraits kTraits{.name = "TransposedConv2d", .float_only = true};

  int stride = 2;
  Padding padding;
  Tensor weight;  // (I, O, kH, kW)
  Tensor bias;    // (O), or empty

  template <typename Op, typename Visit>
  static void fields(Op& op, Visit&& visit) {
    visit("stride", op.stride);
    visit("padding", op.padding);
  }
  template <typename Op, typename Visit>
  static void tensors(Op& op, Visit&& visit) {
    visit("weight", op.weight, Needed::kYes);
    visit("bias", op.bias, Needed::kNo);
  }
  [[nodiscard]] Shape output_shape(const ShapeInputs& in) const;
  [[nodiscard]] double multiplications(const Shape& output) const;
};

}  // namespace octet
