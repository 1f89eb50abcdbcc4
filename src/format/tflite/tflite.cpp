#include "format/tflite/tflite.h"

#include "core/file.h"
#include "format/emit/lower.h"
#include "format/tflite/tflite_emitter.h"
#include "quant/params.h"

namespace octet {

void TfliteEmitter::emit_quantized_conv(Ref out, const std::string& name, Ref x, const Conv2d& op,
                                        const QuantizedConv& q, const QuantParams& input) {
  const WeightLayout layout(op);
  const std::vector<int8_t> values = layout.ordered(q.weight);
  const Tensor weight = graph_.constant(name + ".weight", layout.shape(), tflite::TensorType_INT8,
                                        std::as_bytes(std::span(values)));
  graph_.quantize_channels(weight, q.scales, layout.output_axis());
  std::vector<float> scales;
  for (const float scale : q.scales) scales.push_back(input.scale * scale);
  const Tensor bias = graph_.constant(name + ".bias", {op.weight.shape[0]},
                                      tflite::TensorType_INT32, std::as_bytes(std::span(q.bias)));
  graph_.quantize_channels(bias, scales);
  emit_window_conv(out, name, resolve(x), op, {weight, bias}, kInt8ConvVersion);
}

void TfliteEmitter::emit_quantize(Ref out, const std::string& name, Ref x,
                                  const QuantParams& params) {
  Value v = value(x);
  if (v.pending) {
    graph_.quantize(v.tensor, params);
    value(x).pending = v.pending = false;
    define(out, v);
  } else if (graph_.is_int8(v.tensor) && graph_.params_of(v.tensor) == params) {
    define(out, v);
  } else {
    const Tensor t = graph_.tensor(name, graph_.shape(v.tensor), tflite::TensorType_INT8);
    graph_.add(tflite::BuiltinOperator_QUANTIZE, kFloatVersion, {v.tensor}, t,
               tflite::QuantizeOptionsT{});
    graph_.quantize(t, params);
    define(out, {.tensor = t, .picture = v.picture});
  }
}

void TfliteEmitter::emit(Ref out, const std::string& name, Ref x, const Activation& op) {
  switch (op.kind) {
    case ActivationKind::kSilu: {
      const Tensor in = resolve(x);
      const Tensor gate =
          graph_.tensor(name + ".sigmoid", graph_.shape(in), tflite::TensorType_FLOAT32);
      graph_.add(tflite::BuiltinOperator_LOGISTIC, kFloatVersion, {as_float(x)}, gate);
      make(out, name, tflite::BuiltinOperator_MUL, {x}, {gate}, tflite::MulOptionsT{});
      return;
    }
    case ActivationKind::kSigmoid:
      make(out, name, tflite::BuiltinOperator_LOGISTIC, {x}, {});
      return;
    case ActivationKind::kHardswish:
      make(out, name, tflite::BuiltinOperator_HARD_SWISH, {x}, {}, tflite::HardSwishOptionsT{});
      return;
    case ActivationKind::kRelu:
    case ActivationKind::kRelu6:
      fuse(out, name, x, op.kind);
      return;
  }
}

void TfliteEmitter::emit_slice(Ref out, const std::string& name, Ref x, Range range) {
  const bool picture = value(x).picture;
  const auto axis = static_cast<size_t>(picture ? kPictureAxis[range.axis] : range.axis);
  std::vector<int64_t> end = picture ? channels_last(shape(x)) : shape(x);
  std::vector<int64_t> begin(end.size(), 0);
  begin[axis] = range.begin;
  end[axis] = range.end;
  make(out, name, tflite::BuiltinOperator_STRIDED_SLICE, {x},
       {graph_.integers(name + ".begin", begin), graph_.integers(name + ".end", end),
        graph_.integers(name + ".step", std::vector<int64_t>(end.size(), 1))},
       tflite::StridedSliceOptionsT{});
}

void TfliteEmitter::emit_softmax(Ref out, const std::string& name, Ref x, int axis) {
  const Shape s = shape(x);
  std::vector<int64_t> order(s.size());
  for (size_t i = 0; i < order.size(); ++i) order[i] = static_cast<int64_t>(i);
  std::swap(order.at(static_cast<size_t>(axis)), order.back());
  Shape swapped;
  for (const int64_t from : order) swapped.push_back(s[static_cast<size_t>(from)]);
  const Tensor in = graph_.transposed(name + ".before", plain(x), s, order);
  const Tensor t = graph_.tensor(name + ".last", swapped, tflite::TensorType_FLOAT32);
  tflite::SoftmaxOptionsT options;
  options.beta = 1;
  graph_.add(tflite::BuiltinOperator_SOFTMAX, kFloatVersion, {in}, t, options);
  define(out, {.tensor = graph_.transposed(name, t, swapped, order)});
}

void TfliteEmitter::emit(Ref out, const std::string& name, Ref x, const Pad& op) {
  const Padding& p = op.padding;
  const Tensor sides = graph_.sides(
      name, {.rows = {p.top, p.bottom}, .columns = {p.left, p.right}, .channels = op.channels});
  if (op.value == 0) {
    make(out, name, tflite::BuiltinOperator_PAD, {x}, {sides}, tflite::PadOptionsT{});
    return;
  }
  const Tensor in = resolve(x);
  const Tensor value =
      graph_.is_int8(in)
          ? graph_.step(name + ".value", in, octet::quantize(op.value, graph_.params_of(in)))
          : floats(name + ".value", {}, {op.value});
  make(out, name, tflite::BuiltinOperator_PADV2, {x}, {sides, value}, tflite::PadV2OptionsT{});
}

void TfliteEmitter::emit(Ref out, const std::string& name, Ref x, const Prelu& op) {
  const Shape sides{1, 1, op.slope.shape[0]};
  const std::string slope_name = name + ".slope";
  Tensor slope = -1;
  if (graph_.is_int8(resolve(x))) {
    const float scale = slope_scale(op.slope);
    std::vector<int8_t> steps;
    for (const float s : op.slope.values) steps.push_back(octet::quantize(s, {scale, 0}));
    slope = graph_.constant(slope_name, sides, tflite::TensorType_INT8,
                            std::as_bytes(std::span(steps)));
    graph_.quantize(slope, {scale, 0});
  } else {
    slope = floats(slope_name, sides, op.slope.values);
  }
  make(out, name, tflite::BuiltinOperator_PRELU, {x}, {slope});
}

void TfliteEmitter::fuse(Ref out, const std::string& name, Ref x, ActivationKind kind) {
  const bool six = kind == ActivationKind::kRelu6;
  Value v = value(x);
  tflite::ActivationFunction* fused = fused_function(v.producer);
  if (v.apart || fused == nullptr || *fused != tflite::ActivationFunction_NONE) {
    make(out, name, six ? tflite::BuiltinOperator_RELU6 : tflite::BuiltinOperator_RELU, {x}, {});
    return;
  }
  *fused = six ? tflite::ActivationFunction_RELU6 : tflite::ActivationFunction_RELU;
  graph_.at(v.tensor).name = name;
  define(out, v);
}

void TfliteEmitter::emit_binary(Ref out, const std::string& name, BinaryKind kind,
                                std::pair<Ref, Ref> operands) {
  const std::vector<Ref> in{operands.first, operands.second};
  switch (kind) {
    case BinaryKind::kAdd:
      make(out, name, tflite::BuiltinOperator_ADD, in, {}, tflite::AddOptionsT{});
      return;
    case BinaryKind::kSubtract:
      make(out, name, tflite::BuiltinOperator_SUB, in, {}, tflite::SubOptionsT{});
      return;
    case BinaryKind::kMultiply:
      make(out, name, tflite::BuiltinOperator_MUL, in, {}, tflite::MulOptionsT{});
      return;
  }
}

std::string make_tflite(const Model& model, Size size, Layout layout) {
  TfliteEmitter emitter;
  lower(model, size, layout, emitter);
  return emitter.serialize();
}

void write_tflite(const std::filesystem::path& path, const Model& model, Size size, Layout layout) {
  write_text_file(path, make_tflite(model, size, layout));
}

}  // namespace octet
