#include "quant/reference/moves.h"

namespace octet {
namespace {

template <typename T>
T spread(const DepthToSpace& op, const T& x) {
  const int64_t f = op.factor;
  const int64_t channels = x.shape[0] / (f * f);
  T out = empty_like(x, {channels, x.shape[1] * f, x.shape[2] * f});
  for (int64_t c = 0; c < channels; ++c) {
    for (int64_t y = 0; y < out.shape[1]; ++y) {
      for (int64_t column = 0; column < out.shape[2]; ++column) {
        const int64_t from = (y % f * f + column % f) * channels + c;
        const int64_t at = (from * x.shape[1] + y / f) * x.shape[2] + column / f;
        out.values.push_back(x.values[static_cast<size_t>(at)]);
      }
    }
  }
  return out;
}

}  // namespace

FloatTensor compute(const DepthToSpace& op, FloatInputs in) { return spread(op, *in[0]); }

IntegerTensor compute(const DepthToSpace& op, IntegerInputs in, const IntegerNode&) {
  return spread(op, *in[0]);
}

}  // namespace octet
