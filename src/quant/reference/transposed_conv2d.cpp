#include "quant/reference/operators.h"

namespace octet {

FloatTensor compute(const TransposedConv2d& op, FloatInputs in) {
  const FloatTensor& x = *in[0];
  const Shape& k = op.weight.shape;
  const Shape image{1, x.shape[0], x.shape[1], x.shape[2]};
  const Shape whole = op.output_shape(ShapeInputs(TransposedConv2d::kTraits.name, "", {&image, 1}));
  FloatTensor out{.shape = {whole[1], whole[2], whole[3]}, .values = {}};
  for (int64_t o = 0; o < k[1]; ++o) {
    std::vector<double> sums(static_cast<size_t>(whole[2] * whole[3]),
                             op.bias.empty() ? 0.0 : op.bias.values[static_cast<size_t>(o)]);
    for (int64_t i = 0; i < k[0]; ++i) {
      for (int64_t at = 0; at < x.shape[1] * x.shape[2] * k[2] * k[3]; ++at) {
        const int64_t kx = at % k[3];
        const int64_t ky = at / k[3] % k[2];
        const int64_t pixel = at / (k[3] * k[2]);
        const int64_t row = pixel / x.shape[2] * op.stride + ky - op.padding.top;
        const int64_t column = pixel % x.shape[2] * op.stride + kx - op.padding.left;
        if (row < 0 || row >= whole[2] || column < 0 || column >= whole[3]) continue;
        sums[static_cast<size_t>(row * whole[3] + column)] +=
            static_cast<double>(
                x.values[static_cast<size_t>(i * x.shape[1] * x.shape[2] + pixel)]) *
            op.weight.values[static_cast<size_t>(((i * k[1] + o) * k[2] + ky) * k[3] + kx)];
      }
    }
    out.values.insert(out.values.end(), sums.begin(), sums.end());
  }
  return out;
}

}  // namespace octet
