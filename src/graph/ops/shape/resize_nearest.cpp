#include "graph/ops/shape/resize_nearest.h"

#include <fmt/format.h>

namespace octet {

Shape ResizeNearest::output_shape(const ShapeInputs& in) const {
  const Shape& x = in.only();
  if (factor < 1 || factor > 8) in.refuse(fmt::format("a factor of {} is not supported", factor));
  return {1, x[1], x[2] * factor, x[3] * factor};
}

}  // namespace octet
