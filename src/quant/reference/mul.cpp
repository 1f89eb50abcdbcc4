#include "quant/reference/moves.h"

namespace octet {
namespace {

// Calls visit(value, its factor). A factor of one pixel is that of its channel.
template <typename T, typename Visit>
void for_products(const T& x, const T& factor, Visit&& visit) {
  const auto each = static_cast<size_t>(element_count(x.shape) / element_count(factor.shape));
  for (size_t i = 0; i < x.values.size(); ++i) visit(x.values[i], factor.values[i / each]);
}

}  // namespace

FloatTensor compute(const Mul&, FloatInputs in) {
  FloatTensor out = empty_like(*in[0], in[0]->shape);
  for_products(*in[0], *in[1], [&](float x, float factor) { out.values.push_back(x * factor); });
  return out;
}

IntegerTensor compute(const Mul&, IntegerInputs in, const IntegerNode& node) {
  const QuantParams& a = in[0]->params;
  const QuantParams& b = in[1]->params;
  const float scale = a.scale * b.scale / node.out.scale;
  IntegerTensor out{.shape = in[0]->shape, .params = node.out, .values = {}};
  out.values.reserve(in[0]->values.size());
  for_products(*in[0], *in[1], [&](int8_t x, int8_t factor) {
    out.values.push_back(
        rescaled((x - a.zero_point) * (factor - b.zero_point), scale, node.out.zero_point));
  });
  return out;
}

}  // namespace octet
