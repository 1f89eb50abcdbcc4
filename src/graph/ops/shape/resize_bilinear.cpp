#include "graph/ops/shape/resize_bilinear.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>

#include "core/error.h"

namespace octet {
namespace {

constexpr std::array<std::string_view, 3> kNames = {"half_pixel", "align_corners", "asymmetric"};
constexpr int kMaxFactor = 32;

}  // namespace

std::string_view grid_name(PixelGrid grid) { return kNames.at(static_cast<size_t>(grid)); }

PixelGrid parse_grid(std::string_view name) {
  const auto* const found = std::find(kNames.begin(), kNames.end(), name);
  if (found == kNames.end()) fail("unknown grid of pixels '{}'", name);
  return static_cast<PixelGrid>(found - kNames.begin());
}

Shape ResizeBilinear::output_shape(const ShapeInputs& in) const {
  const Shape& x = in.only();
  if (factor < 1 || factor > kMaxFactor)
    in.refuse(fmt::format("a factor of {} is not within 1..{}", factor, kMaxFactor));
  return {1, x[1], x[2] * factor, x[3] * factor};
}

double ResizeBilinear::source(int64_t i, int64_t length) const {
  const auto at = static_cast<double>(i);
  const auto last = static_cast<double>(length - 1);
  double place = at / factor;
  if (grid == PixelGrid::kHalfPixel) place = (at + 0.5) / factor - 0.5;
  if (grid == PixelGrid::kAlignCorners)
    place = last == 0 ? 0 : at * last / static_cast<double>(length * factor - 1);
  return std::clamp(place, 0.0, last);
}

}  // namespace octet
