#include <cmath>
#include <numeric>

#include "quant/reference/moves.h"

namespace octet {

FloatTensor compute(const AvgPool& op, FloatInputs in) {
  FloatTensor out = empty_like(*in[0], pooled_shape(in[0]->shape, op.kernel, op.stride, 0));
  for_windows(*in[0], op.kernel, op.stride, 0, [&](const auto& window) {
    out.values.push_back(std::accumulate(window.begin(), window.end(), 0.0F) /
                         static_cast<float>(window.size()));
  });
  return out;
}

// The parameters are those of the input, so the mean of the integers is the integer of the mean.
IntegerTensor compute(const AvgPool& op, IntegerInputs in, const IntegerNode&) {
  IntegerTensor out = empty_like(*in[0], pooled_shape(in[0]->shape, op.kernel, op.stride, 0));
  for_windows(*in[0], op.kernel, op.stride, 0, [&](const auto& window) {
    const int sum = std::accumulate(window.begin(), window.end(), 0);
    out.values.push_back(static_cast<int8_t>(
        std::nearbyint(static_cast<float>(sum) / static_cast<float>(window.size()))));
  });
  return out;
}

}  // namespace octet
