// Computes every operator naively, in float and in integers. Exports and engines are compared with
// it. One file an operator. Values are (C, H, W) of one image.
//
// Integers: accumulators are int32. Each is multiplied by the requantization factor in float32, as
// in the integer kernels of XNNPACK and ONNX Runtime. It is then rounded half to even, moved by the
// zero point and clamped.
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

// The parameters of a node in a quantized network.
struct IntegerNode {
  QuantParams out;                      // of its value
  const QuantizedConv* conv = nullptr;  // of a convolution
};

[[nodiscard]] FloatTensor compute(const Conv2d& op, FloatInputs in);
[[nodiscard]] FloatTensor compute(const TransposedConv2d& op, FloatInputs in);
[[nodiscard]] FloatTensor compute(const Activation& op, FloatInputs in);
[[nodiscard]] FloatTensor compute(const Prelu& op, FloatInputs in);
[[nodiscard]] FloatTensor compute(const Add& op, FloatInputs in);
[[nodiscard]] FloatTensor compute(const Mul& op, FloatInputs in);
[[nodiscard]] FloatTensor compute(const Concat& op, FloatInputs in);
[[nodiscard]] FloatTensor compute(const Slice& op, FloatInputs in);
[[nodiscard]] FloatTensor compute(const Pad& op, FloatInputs in);
[[nodiscard]] FloatTensor compute(const MaxPool& op, FloatInputs in);
[[nodiscard]] FloatTensor compute(const AvgPool& op, FloatInputs in);
[[nodiscard]] FloatTensor compute(const GlobalAvgPool& op, FloatInputs in);
[[nodiscard]] FloatTensor compute(const ResizeNearest& op, FloatInputs in);
[[nodiscard]] FloatTensor compute(const ResizeBilinear& op, FloatInputs in);
[[nodiscard]] FloatTensor compute(const ChannelShuffle& op, FloatInputs in);
[[nodiscard]] FloatTensor compute(const Crop& op, FloatInputs in);
[[nodiscard]] FloatTensor compute(const DepthToSpace& op, FloatInputs in);

[[nodiscard]] IntegerTensor compute(const Conv2d& op, IntegerInputs in, const IntegerNode& node);
[[nodiscard]] IntegerTensor compute(const Activation& op, IntegerInputs in,
                                    const IntegerNode& node);
[[nodiscard]] IntegerTensor compute(const Add& op, IntegerInputs in, const IntegerNode& node);
[[nodiscard]] IntegerTensor compute(const Prelu& op, IntegerInputs in, const IntegerNode& node);
[[nodiscard]] IntegerTensor compute(const Mul& op, IntegerInputs in, const IntegerNode& node);
[[nodiscard]] IntegerTensor compute(const Concat& op, IntegerInputs in, const IntegerNode& node);
[[nodiscard]] IntegerTensor compute(const Slice& op, IntegerInputs in, const IntegerNode& node);
[[nodiscard]] IntegerTensor compute(const Pad& op, IntegerInputs in, const IntegerNode& node);
[[nodiscard]] IntegerTensor compute(const MaxPool& op, IntegerInputs in, const IntegerNode& node);
[[nodiscard]] IntegerTensor compute(const AvgPool& op, IntegerInputs in, const IntegerNode& node);
[[nodiscard]] IntegerTensor compute(const GlobalAvgPool& op, IntegerInputs in,
                                    const IntegerNode& node);
[[nodiscard]] IntegerTensor compute(const ResizeNearest& op, IntegerInputs in,
                                    const IntegerNode& node);
[[nodiscard]] IntegerTensor compute(const ResizeBilinear& op, IntegerInputs in,
                                    const IntegerNode& node);
[[nodiscard]] IntegerTensor compute(const ChannelShuffle& op, IntegerInputs in,
                                    const IntegerNode& node);
[[nodiscard]] IntegerTensor compute(const Crop& op, IntegerInputs in, const IntegerNode& node);
[[nodiscard]] IntegerTensor compute(const DepthToSpace& op, IntegerInputs in,
                                    const IntegerNode& node);

// Computes any operator. Throws an Error for one that exists in training only, and in integers for
// one that is computed in float only (graph/ops/operator.h).
[[nodiscard]] FloatTensor compute(const Operator& op, FloatInputs in);
[[nodiscard]] IntegerTensor compute(const Operator& op, IntegerInputs in, const IntegerNode& node);

// Requantizes an accumulator, in float32 as the integer kernels of engines do.
[[nodiscard]] int8_t rescaled(int32_t accumulator, float factor, int zero_point);

// Returns the result of an activation for each of the 256 values of its input, from −128 on.
[[nodiscard]] std::array<int8_t, 256> activation_table(const QuantParams& in, ActivationKind kind,
                                                       const QuantParams& out);

// Applies the activation that engines compute within a convolution: it clamps the scaled values.
void clamp_to_activation(IntegerTensor& x, ActivationKind kind);

}  // namespace octet
