#include "graph/ops/convolution/transposed_conv2d.h"

#include <fmt/format.h>

#include <algorithm>

namespace octet {
namespace {

constexpr int kMaxStride = 64;

}  // namespace

Shape TransposedConv2d::output_shape(const ShapeInputs& in) const {
  const Shape& x = in.only();
  const Shape& w = weight.shape;
  if (w.size() != 4 || w[0] != x[1])
    in.refuse(fmt::format("a weight {} does not take {} channels", to_string(w), x[1]));
  if (!bias.empty() && bias.shape != Shape{w[1]})
    in.refuse(fmt::format("expected a bias ({}), got {}", w[1], to_string(bias.shape)));
  const int least = std::min({padding.top, padding.left, padding.bottom, padding.right});
  if (stride < 1 || stride > kMaxStride || least < 0)
    in.refuse(fmt::format("stride {} and padding {} are not possible", stride, least));
  const Shape out{1, w[1], (x[2] - 1) * stride + w[2] - padding.top - padding.bottom,
                  (x[3] - 1) * stride + w[3] - padding.left - padding.right};
  if (out[2] < 1 || out[3] < 1) in.refuse("its padding cuts off the whole image");
  return out;
}

double TransposedConv2d::multiplications(const Shape& output) const {
  return static_cast<double>(element_count(weight.shape)) *
         static_cast<double>(output[2] * output[3]) / (stride * stride);
}

}  // namespace octet
