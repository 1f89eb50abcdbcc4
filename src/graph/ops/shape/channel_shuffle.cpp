#include "graph/ops/shape/channel_shuffle.h"

#include <fmt/format.h>

namespace octet {

Shape ChannelShuffle::output_shape(const ShapeInputs& in) const {
  const Shape& x = in.only();
  if (groups < 1 || x[1] % groups != 0)
    in.refuse(fmt::format("{} channels are not {} groups of the same size", x[1], groups));
  return x;
}

}  // namespace octet
