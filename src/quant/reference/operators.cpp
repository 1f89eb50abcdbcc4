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
        using Op = std::decay_t<decltype(o)>;
        if constexpr (Op::kTraits.training_only) {
          fail("[{}] has to be folded first", Op::kTraits.name);
        } else {
          return compute(o, in);
        }
      },
      op);
}

IntegerTensor compute(const Operator& op, IntegerInputs in, const IntegerNode& node) {
  return std::visit(
      [&](const auto& o) -> IntegerTensor {
        using Op = std::decay_t<decltype(o)>;
        if constexpr (Op::kTraits.training_only) {
          fail("[{}] has to be folded first", Op::kTraits.name);
        } else if constexpr (Op::kTraits.float_only) {
          fail("[{}] is computed in float only", Op::kTraits.name);
        } else {
          return compute(o, in, node);
        }
      },
      op);
}

}  // namespace octet
