#include "quant/reference/operators.h"

#include <algorithm>
#include <cmath>

#include "core/error.h"
#include "quant/params.h"

namespace octet {

std::vector<float> IntegerTensor::real() const {
  std::vector<float> out;
  out.reserve(values.size());
  for (const int8_t q : values) out.push_back(dequantize(q, params));
  return out;
}

int8_t rescaled(int32_t accumulator, float factor, int zero_point) {
  const float steps = std::nearbyint(static_cast<float>(accumulator) * factor);
  return static_cast<int8_t>(
      std::clamp(steps + static_cast<float>(zero_point), 1.0F * kInt8Min, 1.0F * kInt8Max));
}

FloatTensor compute(const Operator& op, FloatInputs in) {
  return std::visit(
      [&](const auto& o) -> FloatTensor {
        if constexpr (requires { compute(o, in); }) {
          return compute(o, in);
        } else {
          fail("[{}] has to be folded first", o.kTraits.name);
        }
      },
      op);
}

IntegerTensor compute(const Operator& op, IntegerInputs in, const IntegerNode& node) {
  return std::visit(
      [&](const auto& o) -> IntegerTensor {
        if constexpr (requires { compute(o, in, node); }) {
          return compute(o, in, node);
        } else {
          fail("[{}] has to be folded first", o.kTraits.name);
        }
      },
      op);
}

}  // namespace octet
