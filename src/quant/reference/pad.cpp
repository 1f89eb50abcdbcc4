#include <algorithm>

#include "quant/reference/moves.h"

namespace octet {

FloatTensor compute(const Pad& op, FloatInputs in) {
  const FloatTensor& x = *in[0];
  const Padding& p = op.padding;
  FloatTensor out{.shape = {x.shape[0] + op.channels, x.shape[1] + p.top + p.bottom,
                            x.shape[2] + p.left + p.right},
                  .values = {}};
  out.values.assign(static_cast<size_t>(element_count(out.shape)), op.value);
  for (int64_t c = 0; c < x.shape[0]; ++c) {
    for (int64_t y = 0; y < x.shape[1]; ++y) {
      const auto row = x.values.begin() + (c * x.shape[1] + y) * x.shape[2];
      const int64_t to = (c * out.shape[1] + y + p.top) * out.shape[2] + p.left;
      std::copy(row, row + x.shape[2], out.values.begin() + to);
    }
  }
  return out;
}

}  // namespace octet
