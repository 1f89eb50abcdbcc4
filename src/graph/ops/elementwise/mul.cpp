#include "graph/ops/elementwise/mul.h"

#include <fmt/format.h>

namespace octet {

Shape Mul::output_shape(const ShapeInputs& in) {
  if (in.all().size() != 2) in.refuse("expected two inputs");
  const Shape& x = in.all()[0];
  const Shape& factor = in.all()[1];
  if (factor != x && factor != Shape{1, x[1], 1, 1})
    in.refuse(fmt::format("cannot multiply {} by {}", to_string(x), to_string(factor)));
  return x;
}

}  // namespace octet
