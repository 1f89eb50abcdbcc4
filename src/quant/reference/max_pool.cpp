#include <algorithm>

#include "quant/reference/moves.h"

namespace octet {
namespace {

template <typename T>
T largest(const MaxPool& op, const T& x) {
  T out = empty_like(x, pooled_shape(x.shape, op.kernel, op.stride, op.padding));
  for_windows(x, op.kernel, op.stride, op.padding, [&](const auto& window) {
    out.values.push_back(*std::max_element(window.begin(), window.end()));
  });
  return out;
}

}  // namespace

FloatTensor compute(const MaxPool& op, FloatInputs in) { return largest(op, *in[0]); }

IntegerTensor compute(const MaxPool& op, IntegerInputs in, const IntegerNode&) {
  return largest(op, *in[0]);
}

}  // namespace octet
