#include "quant/params.h"
#include "quant/reference/moves.h"

namespace octet {

FloatTensor compute(const Prelu& op, FloatInputs in) {
  FloatTensor out = *in[0];
  const auto pixels = static_cast<size_t>(out.shape[1] * out.shape[2]);
  for (size_t i = 0; i < out.values.size(); ++i) {
    if (out.values[i] < 0) out.values[i] *= op.slope.values[i / pixels];
  }
  return out;
}

// A quantized network has slopes that are whole steps (quant/params.h).
IntegerTensor compute(const Prelu& op, IntegerInputs in, const IntegerNode& node) {
  const IntegerTensor& x = *in[0];
  IntegerTensor out{.shape = x.shape, .params = node.out, .values = {}};
  out.values.reserve(x.values.size());
  const auto pixels = static_cast<size_t>(x.shape[1] * x.shape[2]);
  for (size_t i = 0; i < x.values.size(); ++i) {
    const double v = static_cast<double>(x.params.scale) * (x.values[i] - x.params.zero_point);
    out.values.push_back(quantize(v < 0 ? v * op.slope.values[i / pixels] : v, node.out));
  }
  return out;
}

}  // namespace octet
