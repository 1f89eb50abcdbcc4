#include "graph/ops/shape/pad.h"

#include <algorithm>
#include <cmath>

namespace octet {
namespace {

constexpr int kMaxPadding = 4096;  // of a side; more is probably damage

}  // namespace

Shape Pad::output_shape(const ShapeInputs& in) const {
  const Shape& x = in.only();
  const auto [least, most] =
      std::minmax({padding.top, padding.left, padding.bottom, padding.right, channels});
  if (least < 0 || most > kMaxPadding || !std::isfinite(value))
    in.refuse("its padding is not within 0..4096");
  return {1, x[1] + channels, x[2] + padding.top + padding.bottom,
          x[3] + padding.left + padding.right};
}

}  // namespace octet
