#include <algorithm>

#include "quant/reference/operators.h"

namespace octet {
namespace {

// Outputs [first, last) of a row lie at inputs within the image for the column offset `shift`.
struct Columns {
  int64_t first, last;
};
Columns valid_columns(int64_t outputs, int64_t inputs, int stride, int64_t shift) {
  const int64_t first = shift >= 0 ? 0 : (-shift + stride - 1) / stride;
  const int64_t last = std::min(outputs, (inputs - 1 - shift) / stride + 1);
  return {first, std::max(first, last)};
}

// One input channel through one kernel position, into the accumulators of an output channel.
template <typename Value, typename Sum>
struct Plane {
  const Value* values;
  int64_t height, width;
  Sum zero;  // subtracted from each value

  void accumulate(std::vector<Sum>& sums, const Conv2d& op, const Shape& out, int64_t at,
                  Sum weight) const {
    const int64_t ky = at / op.weight.shape[3];
    const int64_t kx = at % op.weight.shape[3];
    const int64_t shift = kx * op.dilation - op.padding.left;
    const Columns columns = valid_columns(out[2], width, op.stride, shift);
    for (int64_t y = 0; y < out[1]; ++y) {
      const int64_t row = y * op.stride + ky * op.dilation - op.padding.top;
      if (row < 0 || row >= height) continue;
      const Value* in = values + row * width + shift;
      Sum* to = sums.data() + y * out[2];
      for (int64_t column = columns.first; column < columns.last; ++column)
        to[column] += weight * (in[column * op.stride] - zero);
    }
  }
};

Shape shape_of_output(const Conv2d& op, const Shape& x) {
  const Shape image{1, x[0], x[1], x[2]};
  const Shape out = op.output_shape(ShapeInputs(Conv2d::kTraits.name, "", {&image, 1}));
  return {out[1], out[2], out[3]};
}

// Calls finish(output channel, sums) for each output channel.
template <typename T, typename Sum, typename Start, typename WeightOf, typename Finish>
void convolve(const Conv2d& op, const T& x, const Shape& out, Sum zero, Start&& start,
              WeightOf&& weight_of, Finish&& finish) {
  const Shape& k = op.weight.shape;
  std::vector<Sum> sums(static_cast<size_t>(out[1] * out[2]));
  for (int64_t o = 0; o < k[0]; ++o) {
    std::fill(sums.begin(), sums.end(), start(static_cast<size_t>(o)));
    const int64_t first = o / (k[0] / op.groups) * k[1];  // input channel of this group
    for (int64_t i = 0; i < k[1]; ++i) {
      const Plane<typename decltype(x.values)::value_type, Sum> plane{
          x.values.data() + (first + i) * x.shape[1] * x.shape[2], x.shape[1], x.shape[2], zero};
      for (int64_t at = 0; at < k[2] * k[3]; ++at)
        plane.accumulate(sums, op, out, at,
                         weight_of(static_cast<size_t>((o * k[1] + i) * k[2] * k[3] + at)));
    }
    finish(static_cast<size_t>(o), sums);
  }
}

}  // namespace

FloatTensor compute(const Conv2d& op, FloatInputs in) {
  FloatTensor out{.shape = shape_of_output(op, in[0]->shape), .values = {}};
  convolve<FloatTensor, double>(
      op, *in[0], out.shape, 0.0,
      [&](size_t o) { return op.bias.empty() ? 0.0 : static_cast<double>(op.bias.values[o]); },
      [&](size_t i) { return static_cast<double>(op.weight.values[i]); },
      [&](size_t, const std::vector<double>& sums) {
        out.values.insert(out.values.end(), sums.begin(), sums.end());
      });
  return out;
}

IntegerTensor compute(const Conv2d& op, IntegerInputs in, const IntegerNode& node) {
  const IntegerTensor& x = *in[0];
  const QuantizedConv& q = *node.conv;
  IntegerTensor out{.shape = shape_of_output(op, x.shape), .params = node.out, .values = {}};
  out.values.reserve(static_cast<size_t>(element_count(out.shape)));
  convolve<IntegerTensor, int32_t>(
      op, x, out.shape, x.params.zero_point, [&](size_t o) { return q.bias[o]; },
      [&](size_t i) { return static_cast<int32_t>(q.weight[i]); },
      [&](size_t o, const std::vector<int32_t>& sums) {
        const float factor = x.params.scale * q.scales[o] / node.out.scale;
        for (const int32_t sum : sums)
          out.values.push_back(rescaled(sum, factor, node.out.zero_point));
      });
  return out;
}

}  // namespace octet
