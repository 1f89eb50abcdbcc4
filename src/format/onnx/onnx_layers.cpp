// Operators of ONNX that networks compute, as nodes of the graph.
#include <fmt/ranges.h>

#include <algorithm>
#include <array>
#include <cmath>
#include <numeric>

#include "core/error.h"
#include "format/import/constants.h"
#include "format/onnx/onnx_call.h"

namespace octet {
namespace {

using Values = std::vector<int64_t>;

void read_gemm(OnnxCall& call) {
  if (call.integer("transA", 0) != 0) fail("transposes its first operand");
  Constant weight = call.constant(1);
  if (weight.shape.size() != 2) fail("has weights of {} axes", weight.shape.size());
  if (call.integer("transB", 0) == 0) weight = transposed(weight, {1, 0}, call.budget());
  Dense dense{weight.shape[0], weight.shape[1], weight.values, {}};
  for (double& w : dense.weight) w *= call.real("alpha", 1);
  if (call.has(2)) {
    const Constant& bias = call.constant(2);
    // (M, 1) is a number for each row, which looks the same where both sides are equal.
    const bool of_rows = bias.shape.size() > 2 || (bias.shape.size() == 2 && bias.shape[0] != 1);
    dense.bias = bias.values.size() == 1
                     ? std::vector<double>(static_cast<size_t>(dense.outputs), bias.values[0])
                     : bias.values;
    if (of_rows || dense.bias.size() != static_cast<size_t>(dense.outputs))
      fail("has biases ({}) for {} outputs", fmt::join(bias.shape, ", "), dense.outputs);
    for (double& b : dense.bias) b *= call.real("beta", 1);
  }
  call.make(add_dense(call.draft(), call.name(), call.computed(0), dense));
}

void read_matmul(OnnxCall& call) {
  const Constant& weight = call.constant(1);
  if (weight.shape.size() != 2) fail("multiplies by a constant of {} axes", weight.shape.size());
  const Constant turned = transposed(weight, {1, 0}, call.budget());
  call.make(add_dense(call.draft(), call.name(), call.computed(0),
                      {turned.shape[0], turned.shape[1], turned.values, {}}));
}

void read_batch_norm(OnnxCall& call) {
  const Computed& x = call.computed(0);
  constexpr int kChannelAxis = 1;
  if (x.shape.size() < 2 || call.draft().axes(x)[1] != kChannelAxis)
    fail("scales the second axis of ({}), which are no channels", fmt::join(x.shape, ", "));
  if (call.integer("training_mode", 0) != 0 || call.integer("spatial", 1) == 0)
    fail("computes its own mean, or one for each pixel");
  BatchNorm norm{.epsilon = static_cast<float>(call.real("epsilon", 1e-5)),
                 .gamma = narrowed(call.constant(1)),
                 .beta = narrowed(call.constant(2)),
                 .mean = narrowed(call.constant(3)),
                 .variance = narrowed(call.constant(4))};
  call.make(call.draft().add_like_input(call.name(), std::move(norm), {x}));
}

template <Arithmetic kKind>
void read_arithmetic(OnnxCall& call) {
  if (call.inputs() != 2) fail("has {} operands; octet takes two", call.inputs());
  Draft& draft = call.draft();
  if (call.is_constant(1))
    return call.make(add_arithmetic(draft, call.name(), kKind, call.computed(0), call.constant(1)));
  if (!call.is_constant(0))
    return call.make(add_arithmetic(draft, call.name(), kKind, call.computed(0), call.computed(1)));
  if constexpr (kKind == Arithmetic::kSubtract)
    return call.make(subtract_from(draft, call.name(), call.constant(0), call.computed(1)));
  if constexpr (kKind == Arithmetic::kDivide) fail("divides a constant by a value");
  call.make(add_arithmetic(draft, call.name(), kKind, call.computed(1), call.constant(0)));
}

// A sum of one operand or more.
void read_sum(OnnxCall& call) {
  constexpr size_t kMostOperands = 100;
  if (call.inputs() < 1 || call.inputs() > kMostOperands)
    fail("has {} operands; octet takes 1 to {}", call.inputs(), kMostOperands);
  if (call.inputs() == 2) return read_arithmetic<Arithmetic::kAdd>(call);
  Computed sum = call.computed(0);
  for (size_t i = 1; i < call.inputs(); ++i)
    sum = call.is_constant(i)
              ? add_arithmetic(call.draft(), call.name(), Arithmetic::kAdd, sum, call.constant(i))
              : add_arithmetic(call.draft(), call.name(), Arithmetic::kAdd, sum, call.computed(i));
  call.make(sum);
}

template <ActivationKind kKind>
void read_activation(OnnxCall& call) {
  call.make(add_activation(call.draft(), call.name(), kKind, call.computed(0)));
}

void read_clip(OnnxCall& call) {
  ClampRange limits;
  const bool attributes = call.opset() < 11;
  if (attributes) limits = {call.real("min", limits.low), call.real("max", limits.high)};
  if (!attributes && call.has(1)) limits.low = call.number(1);
  if (!attributes && call.has(2)) limits.high = call.number(2);
  call.make(add_clip(call.draft(), call.name(), call.computed(0), limits));
}

// With a constant, the limit of a clip.
template <bool kMax>
void read_extreme(OnnxCall& call) {
  if (call.inputs() != 2) fail("has {} operands; octet takes two", call.inputs());
  const size_t constant = call.is_constant(0) ? 0 : 1;
  if (call.constant(constant).values.size() != 1) fail("is the extreme of more than one number");
  ClampRange limits;
  (kMax ? limits.low : limits.high) = call.number(constant);
  call.make(add_clip(call.draft(), call.name(), call.computed(1 - constant), limits));
}

void read_hard_sigmoid(OnnxCall& call) {
  call.make(add_hard_sigmoid(call.draft(), call.name(), call.computed(0), call.real("alpha", 0.2),
                             call.real("beta", 0.5)));
}

void read_leaky_relu(OnnxCall& call) {
  call.make(
      add_prelu(call.draft(), call.name(), call.computed(0), {{}, {call.real("alpha", 0.01)}}));
}

void read_prelu(OnnxCall& call) {
  call.make(add_prelu(call.draft(), call.name(), call.computed(0), call.constant(1)));
}

void read_reduce_mean(OnnxCall& call) {
  Values axes = call.moved_integers("axes", 1, 18).value_or(Values{});
  if (axes.empty() && call.integer("noop_with_empty_axes", 0) == 0) {
    axes.resize(call.computed(0).shape.size());
    std::iota(axes.begin(), axes.end(), 0);
  }
  call.make(add_mean(call.draft(), call.name(), call.computed(0), axes,
                     call.integer("keepdims", 1) != 0));
}

void same(OnnxCall& call) { call.make(call.computed(0)); }

void read_dropout(OnnxCall& call) {
  if (call.has(2) && call.number(2) != 0) fail("drops values at random, as in training");
  same(call);
}

void read_tanh(OnnxCall& call) { call.make(add_tanh(call.draft(), call.name(), call.computed(0))); }

void read_cast(OnnxCall& call) {
  const int64_t to = call.integer("to", onnx::TensorProto::FLOAT);
  if (to != onnx::TensorProto::FLOAT && to != onnx::TensorProto::FLOAT16 &&
      to != onnx::TensorProto::DOUBLE && to != onnx::TensorProto::BFLOAT16)
    fail("makes integers of what the network computes");
  same(call);
}

// What a network computes are real numbers. A constant beside them becomes one.
void read_cast_like(OnnxCall& call) {
  if (!call.is_constant(0)) {
    if (call.is_constant(1) && call.constant(1).integers)
      fail("makes integers of what the network computes");
    return same(call);
  }
  call.make(as_reals(call.constant(0)));
}

struct Row {
  std::string_view type;
  OnnxOperator read;
};
constexpr std::array kRows = {
    Row{"Gemm", read_gemm},
    Row{"MatMul", read_matmul},
    Row{"BatchNormalization", read_batch_norm},
    Row{"Add", read_arithmetic<Arithmetic::kAdd>},
    Row{"Sum", read_sum},
    Row{"Sub", read_arithmetic<Arithmetic::kSubtract>},
    Row{"Mul", read_arithmetic<Arithmetic::kMultiply>},
    Row{"Div", read_arithmetic<Arithmetic::kDivide>},
    Row{"Neg",
        [](OnnxCall& c) {
          const Computed& x = c.computed(0);
          c.make(add_affine(c.draft(), c.name(), x, uniform(c.draft(), x, -1, 0)));
        }},
    Row{"Relu", read_activation<ActivationKind::kRelu>},
    Row{"Sigmoid", read_activation<ActivationKind::kSigmoid>},
    Row{"Tanh", read_tanh},
    Row{"HardSwish", read_activation<ActivationKind::kHardswish>},
    Row{"Clip", read_clip},
    Row{"Max", read_extreme<true>},
    Row{"Min", read_extreme<false>},
    Row{"HardSigmoid", read_hard_sigmoid},
    Row{"LeakyRelu", read_leaky_relu},
    Row{"PRelu", read_prelu},
    Row{"ReduceMean", read_reduce_mean},
    Row{"Identity", same},
    Row{"Dropout", read_dropout},
    Row{"Cast", read_cast},
    Row{"CastLike", read_cast_like},
};

}  // namespace

OnnxOperator find_onnx_layer(std::string_view type) {
  const auto* const row =
      std::find_if(kRows.begin(), kRows.end(), [&](const Row& r) { return r.type == type; });
  return row == kRows.end() ? find_onnx_window(type) : row->read;
}

}  // namespace octet
