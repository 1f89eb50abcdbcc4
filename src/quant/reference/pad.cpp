#include <algorithm>

#include "quant/params.h"
#include "quant/reference/moves.h"

namespace octet {
namespace {

template <typename T, typename Value>
T widened(const Pad& op, const T& x, Value value) {
  const Padding& p = op.padding;
  T out = empty_like(
      x, {x.shape[0] + op.channels, x.shape[1] + p.top + p.bottom, x.shape[2] + p.left + p.right});
  out.values.assign(static_cast<size_t>(element_count(out.shape)), value);
  for (int64_t c = 0; c < x.shape[0]; ++c) {
    for (int64_t y = 0; y < x.shape[1]; ++y) {
      const auto row = x.values.begin() + (c * x.shape[1] + y) * x.shape[2];
      const int64_t to = (c * out.shape[1] + y + p.top) * out.shape[2] + p.left;
      std::copy(row, row + x.shape[2], out.values.begin() + to);
    }
  }
  return out;
}

}  // namespace

FloatTensor compute(const Pad& op, FloatInputs in) { return widened(op, *in[0], op.value); }

IntegerTensor compute(const Pad& op, IntegerInputs in, const IntegerNode& node) {
  return widened(op, *in[0], quantize(op.value, node.out));
}

}  // namespace octet
