#include "quant/params.h"
#include "quant/reference/operators.h"

namespace octet {

FloatTensor compute(const Add&, FloatInputs in) {
  FloatTensor out = *in[0];
  for (size_t i = 0; i < out.values.size(); ++i) out.values[i] += in[1]->values[i];
  return out;
}

IntegerTensor compute(const Add&, IntegerInputs in, const IntegerNode& node) {
  const IntegerTensor& a = *in[0];
  const IntegerTensor& b = *in[1];
  IntegerTensor out{.shape = a.shape, .params = node.out, .values = {}};
  out.values.reserve(a.values.size());
  for (size_t i = 0; i < a.values.size(); ++i) {
    const double sum = static_cast<double>(a.params.scale) * (a.values[i] - a.params.zero_point) +
                       static_cast<double>(b.params.scale) * (b.values[i] - b.params.zero_point);
    out.values.push_back(quantize(sum, node.out));
  }
  return out;
}

}  // namespace octet
