#include <algorithm>
#include <cmath>

#include "quant/params.h"
#include "quant/reference/operators.h"

namespace octet {

FloatTensor compute(const Activation& op, FloatInputs in) {
  const ActivationFunction& f = function_of(op.kind);
  FloatTensor out = *in[0];
  for (float& v : out.values) v = static_cast<float>(f.value(v));
  return out;
}

IntegerTensor compute(const Activation& op, IntegerInputs in, const IntegerNode& node) {
  const IntegerTensor& x = *in[0];
  const auto table = activation_table(x.params, op.kind, node.out);
  IntegerTensor out{.shape = x.shape, .params = node.out, .values = {}};
  out.values.reserve(x.values.size());
  for (const int8_t q : x.values) out.values.push_back(table[static_cast<size_t>(q - kInt8Min)]);
  return out;
}

// SiLU is a product with a quantized sigmoid, as engines compute it. A sigmoid alone has the same
// steps before any others.
std::array<int8_t, 256> activation_table(const QuantParams& in, ActivationKind kind,
                                         const QuantParams& out) {
  std::array<int8_t, 256> table{};
  for (int q = kInt8Min; q <= kInt8Max; ++q) {
    int8_t& made = table[static_cast<size_t>(q - kInt8Min)];
    const double v = static_cast<double>(in.scale) * (q - in.zero_point);
    if (kind == ActivationKind::kSilu) {
      const int gate =
          quantize(function_of(ActivationKind::kSigmoid).value(v), kSigmoidParams) - kInt8Min;
      made = rescaled((q - in.zero_point) * gate, in.scale * kSigmoidParams.scale / out.scale,
                      out.zero_point);
    } else {
      const double y = function_of(kind).value(v);
      const bool sigmoid = kind == ActivationKind::kSigmoid;
      made = quantize(sigmoid ? dequantize(quantize(y, kSigmoidParams), kSigmoidParams) : y, out);
    }
  }
  return table;
}

void clamp_to_activation(IntegerTensor& x, ActivationKind kind) {
  const ActivationFunction& f = function_of(kind);
  const int8_t low = quantize(f.low, x.params);
  const int8_t high = quantize(f.high, x.params);
  for (int8_t& q : x.values) q = std::clamp(q, low, high);
}

}  // namespace octet
