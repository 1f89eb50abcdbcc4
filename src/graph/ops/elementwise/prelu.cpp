#include "graph/ops/elementwise/prelu.h"

#include <fmt/format.h>

namespace octet {

Shape Prelu::output_shape(const ShapeInputs& in) const {
  const Shape& x = in.only();
  if (slope.shape != Shape{x[1]})
    in.refuse(fmt::format("expected a slope ({}), got {}", x[1], to_string(slope.shape)));
  return x;
}

void Prelu::keep_channels(const ChannelList& /*inputs*/, const ChannelList& outputs) {
  slope = select(slope, 0, outputs);
}

}  // namespace octet
