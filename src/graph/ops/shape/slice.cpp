#include "graph/ops/shape/slice.h"

#include <fmt/format.h>

namespace octet {

Shape Slice::output_shape(const ShapeInputs& in) const {
  Shape out = in.only();
  if (begin < 0 || end <= begin || end > out[1])
    in.refuse(fmt::format("channels [{}, {}) are not within {}", begin, end, out[1]));
  out[1] = end - begin;
  return out;
}

}  // namespace octet
