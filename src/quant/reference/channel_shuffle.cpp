#include "quant/reference/moves.h"

namespace octet {
namespace {

template <typename T>
T shuffled(const ChannelShuffle& op, const T& x) {
  T out = empty_like(x, x.shape);
  const int64_t pixels = x.shape[1] * x.shape[2];
  const int64_t each = x.shape[0] / op.groups;
  for (int64_t c = 0; c < x.shape[0]; ++c) {
    const auto from = x.values.begin() + (c % op.groups * each + c / op.groups) * pixels;
    out.values.insert(out.values.end(), from, from + pixels);
  }
  return out;
}

}  // namespace

FloatTensor compute(const ChannelShuffle& op, FloatInputs in) { return shuffled(op, *in[0]); }

IntegerTensor compute(const ChannelShuffle& op, IntegerInputs in, const IntegerNode&) {
  return shuffled(op, *in[0]);
}

}  // namespace octet
