#include "quant/reference/moves.h"

namespace octet {
namespace {

template <typename T>
T enlarged(const ResizeNearest& op, const T& x) {
  const int64_t h = x.shape[1] * op.factor;
  const int64_t w = x.shape[2] * op.factor;
  T out = empty_like(x, {x.shape[0], h, w});
  for (int64_t c = 0; c < x.shape[0]; ++c) {
    for (int64_t y = 0; y < h; ++y) {
      for (int64_t column = 0; column < w; ++column) {
        const int64_t at = (c * x.shape[1] + y / op.factor) * x.shape[2] + column / op.factor;
        out.values.push_back(x.values[static_cast<size_t>(at)]);
      }
    }
  }
  return out;
}

}  // namespace

FloatTensor compute(const ResizeNearest& op, FloatInputs in) { return enlarged(op, *in[0]); }

IntegerTensor compute(const ResizeNearest& op, IntegerInputs in, const IntegerNode&) {
  return enlarged(op, *in[0]);
}

}  // namespace octet
