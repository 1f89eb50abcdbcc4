#include "graph/ops/shape/crop.h"

#include <fmt/format.h>

namespace octet {

Shape Crop::output_shape(const ShapeInputs& in) const {
  const Shape& x = in.only();
  const auto kept = [&](int64_t length, int before, int after) {
    if (before < 0 || after < 0 || int64_t{before} + after >= length)
      in.refuse(fmt::format("cuts {} and {} pixels off {}", before, after, length));
    return length - before - after;
  };
  return {1, x[1], kept(x[2], sides.top, sides.bottom), kept(x[3], sides.left, sides.right)};
}

}  // namespace octet
