// Every operator computed naively, in float and in integers: the yardstick for exports and engines.
// One file an operator. Values are (C, H, W) of one image.
//
// Integers: accumulators are int32; each is scaled in float32, as the integer kernels of XNNPACK and
// ONNX Runtime do it, rounded half to even, moved by the zero point and clamped.
#pragma once

#include <array>
#include <span>
#include <vector>

#include "graph/ops/operators.h"
#include "graph/quantization.h"

namespace octet {

struct FloatTensor {
  Shape shape;  // (C, H, W)
  std::vector<float> values;
};

struct IntegerTensor {
  Shape shape;  // (C, H, W)
  QuantParams params;
  std::vector<int8_t> values;

  [[nodiscard]] std::vector<float> real() const;
};

using FloatInputs = std::span<const FloatTensor* const>;
using IntegerInputs = std::span<const IntegerTensor* const>;

// What a node of a quantized network has beside its inputs.
struct IntegerNode {
  QuantParams out;                      // of the value that it makes
  const QuantizedConv* conv = nullptr;  // of a convolution
};

[[nodiscard]] FloatTensor compute(const Conv2d& op, FloatInputs in);
[[nodiscard]] FloatTensor compute(const Activation& op, FloatInputs in);
[[nodiscard]] FloatTensor compute(const Add& op, FloatInputs in);
[[nodiscard]] FloatTensor compute(const Concat& op, FloatInputs in);
[[nodiscard]] FloatTensor compute(const Slice& op, FloatInputs in);
[[nodiscard]] FloatTensor compute(const MaxPool& op, FloatInputs in);
[[nodiscard]] FloatTensor compute(const AvgPool& op, FloatInputs in);
[[nodiscard]] FloatTensor compute(const ResizeNearest& op, FloatInputs in);

[[nodiscard]] IntegerTensor compute(const Conv2d& op, IntegerInputs in, const IntegerNode& node);
[[nodiscard]] IntegerTensor compute(const Activation& op, IntegerInputs in,
                                    const IntegerNode& node);
[[nodiscard]] IntegerTensor compute(const Add& op, IntegerInputs in, const IntegerNode& node);
[[nodiscard]] IntegerTensor compute(const Concat& op, IntegerInputs in, const IntegerNode& node);
[[nodiscard]] IntegerTensor compute(const Slice& op, IntegerInputs in, const IntegerNode& node);
[[nodiscard]] IntegerTensor compute(const MaxPool& op, IntegerInputs in, const IntegerNode& node);
[[nodiscard]] IntegerTensor compute(const AvgPool& op, IntegerInputs in, const IntegerNode& node);
[[nodiscard]] IntegerTensor compute(const ResizeNearest& op, IntegerInputs in,
                                    const IntegerNode& node);

// Any operator. Throws an Error for one that exists in training only.
[[nodiscard]] FloatTensor compute(const Operator& op, FloatInputs in);
[[nodiscard]] IntegerTensor compute(const Operator& op, IntegerInputs in, const IntegerNode& node);

// An accumulator in steps of the result, in float32 as engines' integer kernels do it.
[[nodiscard]] int8_t rescaled(int32_t accumulator, float factor, int zero_point);

// What an activation makes of each of the 256 values of its input, from −128 on.
[[nodiscard]] std::array<int8_t, 256> activation_table(const QuantParams& in, ActivationKind kind,
                                                       const QuantParams& out);

// The activation of a convolution that engines compute within it: clamping what was scaled.
void clamp_to_activation(IntegerTensor& x, ActivationKind kind);

}  // namespace octet
