#include "quant/reference/operators.h"

namespace octet {
namespace {

template <typename T>
T side_by_side(std::span<const T* const> in) {
  T out = *in[0];
  for (const T* part : in.subspan(1)) {
    out.shape[0] += part->shape[0];
    out.values.insert(out.values.end(), part->values.begin(), part->values.end());
  }
  return out;
}

}  // namespace

FloatTensor compute(const Concat&, FloatInputs in) { return side_by_side(in); }

IntegerTensor compute(const Concat&, IntegerInputs in, const IntegerNode&) {
  return side_by_side(in);
}

}  // namespace octet
