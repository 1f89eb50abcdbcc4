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

int64_t ResizeBilinear::place(int64_t i, int64_t length) const {
  const int64_t last = length - 1;
  int64_t at = i;
  if (grid == PixelGrid::kHalfPixel) at = 2 * i + 1 - factor;
  if (grid == PixelGrid::kAlignCorners) at = i * last;
  return std::clamp<int64_t>(at, 0, last * parts(length));
}

int64_t ResizeBilinear::parts(int64_t length) const {
  if (grid == PixelGrid::kHalfPixel) return 2 * factor;
  if (grid == PixelGrid::kAlignCorners) return std::max<int64_t>(1, length * factor - 1);
  return factor;
}

}  // namespace octet
