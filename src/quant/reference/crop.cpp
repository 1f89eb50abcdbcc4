#include "quant/reference/moves.h"

namespace octet {
namespace {

template <typename T>
T cut(const Crop& op, const T& x) {
  const Padding& s = op.sides;
  const int64_t h = x.shape[1] - s.top - s.bottom;
  const int64_t w = x.shape[2] - s.left - s.right;
  T out = empty_like(x, {x.shape[0], h, w});
  for (int64_t c = 0; c < x.shape[0]; ++c) {
    for (int64_t y = 0; y < h; ++y) {
      const auto row = x.values.begin() + (c * x.shape[1] + y + s.top) * x.shape[2] + s.left;
      out.values.insert(out.values.end(), row, row + w);
    }
  }
  return out;
}

}  // namespace

FloatTensor compute(const Crop& op, FloatInputs in) { return cut(op, *in[0]); }

IntegerTensor compute(const Crop& op, IntegerInputs in, const IntegerNode&) {
  return cut(op, *in[0]);
}

}  // namespace octet
