// Enlarges height and width by interpolation between neighbours.
#pragma once

#include <string_view>

#include "graph/ops/operator.h"

namespace octet {

// Where the pixel `i` of the result lies in the input. kHalfPixel: (i + 0.5) / factor − 0.5.
// kAlignCorners: the corners of both lie on one another. kAsymmetric: i / factor.
enum class PixelGrid { kHalfPixel, kAlignCorners, kAsymmetric };

[[nodiscard]] std::string_view grid_name(PixelGrid grid);
// Throws an Error for an unknown name.
[[nodiscard]] PixelGrid parse_grid(std::string_view name);

struct ResizeBilinear {
  static constexpr OperatorTraits kTraits{
      .name = "ResizeBilinear", .shares_scale = true, .channelwise = true};

  int factor = 2;
  PixelGrid grid = PixelGrid::kHalfPixel;

  template <typename Op, typename Visit>
  static void fields(Op& op, Visit&& visit) {
    visit("factor", op.factor);
    visit("grid", op.grid);
  }
  [[nodiscard]] Shape output_shape(const ShapeInputs& in) const;
  // The place of pixel `i` on a side that has `length` pixels in the input: place() of these parts.
  [[nodiscard]] int64_t place(int64_t i, int64_t length) const;
  [[nodiscard]] int64_t parts(int64_t length) const;
};

}  // namespace octet
