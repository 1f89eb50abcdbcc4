#include "graph/ops/shape/depth_to_space.h"

#include <fmt/format.h>

namespace octet {
namespace {

constexpr int kMaxFactor = 32;

}  // namespace

Shape DepthToSpace::output_shape(const ShapeInputs& in) const {
  const Shape& x = in.only();
  if (factor < 1 || factor > kMaxFactor)
    in.refuse(fmt::format("a factor of {} is not within 1..{}", factor, kMaxFactor));
  const int64_t pixels = int64_t{factor} * factor;
  if (x[1] % pixels != 0)
    in.refuse(fmt::format("{} channels are not {} for each pixel", x[1], pixels));
  return {1, x[1] / pixels, x[2] * factor, x[3] * factor};
}

}  // namespace octet
