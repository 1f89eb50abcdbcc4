#include "quant/reference/operators.h"

namespace octet {

FloatTensor compute(const Prelu& op, FloatInputs in) {
  FloatTensor out = *in[0];
  const auto pixels = static_cast<size_t>(out.shape[1] * out.shape[2]);
  for (size_t i = 0; i < out.values.size(); ++i) {
    if (out.values[i] < 0) out.values[i] *= op.slope.values[i / pixels];
  }
  return out;
}

}  // namespace octet
