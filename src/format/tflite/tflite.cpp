#include "format/tflite/tflite.h"

#include <flatbuffers/flatbuffers.h>

#include "core/error.h"
#include "core/file.h"
#include "format/emit/lower.h"
#include "format/tflite/tflite_moves.h"
#include "format/tflite/weight_layout.h"

namespace octet {
namespace {

using Tensor = TfliteGraph::Tensor;

// Operators are computed in integers where all their inputs are. What such an operator makes is
// `pending` until quantize() gives it its scale; what is read before that is computed in float.
class TfliteEmitter : public Emitter {
 public:
  void output(const std::string& name, Ref x) override {
    const Tensor t = resolve(x);
    graph_.at(t).name = name;
    graph_.output(t);
  }
  // Readers of Ultralytics' files of this format expect fractions.
  [[nodiscard]] FormatTraits traits() const override { return {.fractions = true}; }
  void metadata(const std::map<std::string, std::string>& entries) override {
    for (const auto& [key, value] : entries) graph_.metadata(key, value);
  }
  [[nodiscard]] std::string serialize() { return graph_.serialize(); }

 protected:
  void emit_input(Ref out, const std::string& name, ElementType type) override {
    const bool bytes = type == ElementType::kUint8;  // (1, H, W, 3); floats are (1, 3, H, W)
    const Tensor t = graph_.tensor(name, bytes ? shape(out) : channels_last(shape(out)),
                                   bytes ? tflite::TensorType_UINT8 : tflite::TensorType_FLOAT32);
    graph_.input(t);
    define(out, {.tensor = t, .picture = !bytes});
  }
  void emit_constant(Ref out, const std::string& name, const octet::Tensor& tensor) override {
    define(out, {.tensor = floats(name, tensor.shape, tensor.values)});
  }
  void emit_to_float(Ref out, const std::string& name, Ref x) override {
    tflite::CastOptionsT options;
    options.in_data_type = tflite::TensorType_UINT8;
    options.out_data_type = tflite::TensorType_FLOAT32;
    make(out, name, tflite::BuiltinOperator_CAST, {x}, {}, options);
  }
  // The transposition of the input's bytes is none: tensors of pictures keep their order. Nor is
  // the way back to channels last.
  void emit_transpose(Ref out, const std::string& name, Ref x,
                      const std::vector<int64_t>& order) override {
    if (order == std::vector<int64_t>{0, 3, 1, 2}) {
      define(out, {.tensor = value(x).tensor, .picture = true});
      return;
    }
    if (order == std::vector<int64_t>{0, 2, 3, 1} && value(x).picture) {
      define(out, {.tensor = resolve(x)});
      return;
    }
    define(out, {.tensor = graph_.transposed(name, plain(x), shape(x), order)});
  }
  void emit_reshape(Ref out, const std::string& name, Ref x) override {
    const bool integers = graph_.is_int8(resolve(x)) && !value(x).picture;
    define(out, {.tensor = graph_.reshaped(name, integers ? resolve(x) : plain(x), shape(out))});
  }
  void emit(Ref out, const std::string& name, Ref x, const Conv2d& op) override {
    const WeightLayout layout(op);
    const Tensor weight =
        floats(name + ".weight", layout.shape(), layout.ordered(op.weight.values));
    const int64_t channels = op.weight.shape[0];
    std::vector<float> bias = op.bias.values;
    bias.resize(static_cast<size_t>(channels));
    const Tensor b = floats(name + ".bias", {channels}, bias);
    emit_window_conv(out, name, as_float(x), op, {weight, b}, kFloatVersion);
    value(out).pending = false;
  }
  void emit_quantized_conv(Ref out, const std::string& name, Ref x, const Conv2d& op,
                           const QuantizedConv& q, const QuantParams& input) override {
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
  void emit_quantize(Ref out, const std::string& name, Ref x, const QuantParams& params) override {
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
  void emit_image_from_bytes(Ref out, const std::string&, Ref bytes) override {
    graph_.quantize(value(bytes).tensor, kImageParams);
    define(out, value(bytes));
  }
  void emit(Ref out, const std::string& name, Ref x, const Activation& op) override {
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
  void emit_binary(Ref out, const std::string& name, BinaryKind kind,
                   std::pair<Ref, Ref> operands) override {
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
  void emit_concat(Ref out, const std::string& name, const std::vector<Ref>& parts,
                   int axis) override {
    tflite::ConcatenationOptionsT options;
    options.axis = value(parts.front()).picture ? kPictureAxis[axis] : axis;
    make(out, name, tflite::BuiltinOperator_CONCATENATION, parts, {}, options);
  }
  void emit_slice(Ref out, const std::string& name, Ref x, Range range) override {
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
  void emit(Ref out, const std::string& name, Ref x, const MaxPool& op) override {
    if (2 * op.padding != op.kernel - 1)
      fail("[MaxPool {}] has a window that TensorFlow Lite's SAME padding does not give", name);
    if (op.stride == 1) {
      make(out, name, tflite::BuiltinOperator_MAX_POOL_2D, {x}, {},
           pooling(op.kernel, 1, tflite::Padding_SAME));
      return;
    }
    // SAME padding with a stride is another: every window is computed, some are kept.
    const Tensor in = resolve(x);
    const Tensor all = graph_.like(name + ".all", in, graph_.shape(in));
    constexpr auto kCode = tflite::BuiltinOperator_MAX_POOL_2D;
    graph_.add(kCode, graph_.is_int8(in) ? int8_version(kCode) : kFloatVersion, {in}, all,
               pooling(op.kernel, 1, tflite::Padding_SAME));
    define(out, {.tensor = graph_.every_nth(name, all, op.stride, shape(out)), .picture = true});
  }
  // Of integers a depthwise convolution of ones, which XNNPACK and the Edge TPU take, and which
  // rounds as convolutions do: TensorFlow Lite's own pooling of integers rounds halves up.
  void emit(Ref out, const std::string& name, Ref x, const AvgPool& op) override {
    if (!graph_.is_int8(resolve(x))) {
      make(out, name, tflite::BuiltinOperator_AVERAGE_POOL_2D, {x}, {},
           pooling(op.kernel, op.stride, tflite::Padding_VALID));
      return;
    }
    const auto channels = static_cast<size_t>(shape(x)[1]);
    const size_t window = static_cast<size_t>(op.kernel) * static_cast<size_t>(op.kernel);
    const Conv2d ones{.stride = op.stride,
                      .groups = static_cast<int>(channels),
                      .weight = {{shape(x)[1], 1, op.kernel, op.kernel},
                                 std::vector<float>(channels * window, 0.0F)},
                      .bias = {}};
    const QuantizedConv q{.scales = std::vector<float>(channels, 1.0F / static_cast<float>(window)),
                          .weight = std::vector<int8_t>(channels * window, 1),
                          .bias = std::vector<int32_t>(channels, 0)};
    emit_quantized_conv(out, name, x, ones, q, graph_.params_of(resolve(x)));
  }
  // Pixels side by side with themselves, then rows: XNNPACK has no resize. (As fast as one on two
  // cores; nothing is left to other kernels.)
  void emit(Ref out, const std::string& name, Ref x, const ResizeNearest& op) override {
    const int factor = op.factor;
    const Tensor in = resolve(x);
    const Shape s = graph_.shape(in);  // (1, H, W, C)
    const Tensor wide = graph_.repeated(name + ".pixels", in, 3, factor);
    const Tensor rows = graph_.reshaped(name + ".rows", wide, {1, s[1], 1, s[2] * factor * s[3]});
    const Tensor tall = graph_.repeated(name + ".doubled", rows, 2, factor);
    define(out, {.tensor = graph_.reshaped(name, tall, {1, s[1] * factor, s[2] * factor, s[3]}),
                 .picture = true});
  }
  // TensorFlow Lite's works along the last axis.
  void emit_softmax(Ref out, const std::string& name, Ref x, int axis) override {
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
  void emit_reduce_sum(Ref out, const std::string& name, Ref x, int axis) override {
    const Tensor axes = graph_.integers(name + ".axes", {axis});
    const Tensor t = graph_.tensor(name, shape(out), tflite::TensorType_FLOAT32);
    graph_.add(tflite::BuiltinOperator_SUM, kFloatVersion, {plain(x), axes}, t,
               tflite::ReducerOptionsT{});
    define(out, {.tensor = t});
  }

 private:
  static constexpr int kPictureAxis[] = {0, 3, 1, 2};  // where an axis of (N, C, H, W) is in NHWC

  struct Value {
    Tensor tensor = -1;
    bool picture = false;  // kept as NHWC, whatever shape() says
    bool pending = false;
    TfliteGraph::Operator producer = nullptr;
  };

  // ---- values
  void define(Ref ref, Value v) {
    values_.resize(static_cast<size_t>(ref) + 1);
    values_.back() = v;
  }
  Value& value(Ref ref) { return values_.at(static_cast<size_t>(ref)); }
  Tensor floats(const std::string& name, const Shape& s, const std::vector<float>& values) {
    return graph_.constant(name, s, tflite::TensorType_FLOAT32, std::as_bytes(std::span(values)));
  }
  // The tensor as it is to be read: int8 or float.
  Tensor resolve(Ref ref) {
    Value& v = value(ref);
    if (!v.pending) return v.tensor;
    v.pending = false;
    for (Tensor& in : v.producer->inputs) {
      if (graph_.is_int8(in)) in = dequantized(in, v.producer);
    }
    return v.tensor;
  }
  Tensor dequantized(Tensor t, TfliteGraph::Operator before) {
    const std::string name = graph_.at(t).name + ".real";
    const Tensor real = graph_.tensor(name, graph_.shape(t), tflite::TensorType_FLOAT32);
    graph_.add(tflite::BuiltinOperator_DEQUANTIZE, kDequantizeVersion, {t}, real, before)
        ->builtin_options.Set(tflite::DequantizeOptionsT{});
    return real;
  }
  Tensor as_float(Ref ref) {
    const Tensor t = resolve(ref);
    return graph_.is_int8(t) ? dequantized(t, nullptr) : t;
  }
  // In float and in the order that shape() says.
  Tensor plain(Ref ref) {
    const Tensor t = as_float(ref);
    if (!value(ref).picture) return t;
    return graph_.transposed(graph_.at(t).name + ".nchw", t, channels_last(shape(ref)),
                             {0, 3, 1, 2});
  }

  // ---- operators
  template <typename... Options>
  void make(Ref out, const std::string& name, tflite::BuiltinOperator code,
            const std::vector<Ref>& inputs, const std::vector<Tensor>& constants,
            Options... options) {
    std::vector<Tensor> tensors;
    bool integers = true;
    for (const Ref in : inputs) integers = graph_.is_int8(resolve(in)) && integers;
    for (const Ref in : inputs) tensors.push_back(integers ? resolve(in) : as_number(in));
    tensors.insert(tensors.end(), constants.begin(), constants.end());
    const bool picture = value(inputs.front()).picture;
    const Tensor t = graph_.tensor(name, picture ? channels_last(shape(out)) : shape(out),
                                   tflite::TensorType_FLOAT32);
    const auto op = graph_.add(code, integers ? int8_version(code) : kFloatVersion,
                               std::move(tensors), t, options...);
    define(out, {.tensor = t, .picture = picture, .pending = integers, .producer = op});
  }
  // Bytes are cast, not dequantized.
  Tensor as_number(Ref ref) {
    return graph_.at(value(ref).tensor).type == tflite::TensorType_UINT8 ? value(ref).tensor
                                                                         : as_float(ref);
  }

  static tflite::Pool2DOptionsT pooling(int kernel, int stride, tflite::Padding padding) {
    tflite::Pool2DOptionsT options;
    options.padding = padding;
    options.stride_w = options.stride_h = stride;
    options.filter_width = options.filter_height = kernel;
    return options;
  }
  // Padding of its own where SAME would not give the same: with stride 2 it pads at the end only.
  void emit_window_conv(Ref out, const std::string& name, Tensor x, const Conv2d& op,
                        const std::vector<Tensor>& parameters, int version) {
    const int64_t kernel = op.weight.shape[2];
    const bool same = op.stride == 1 && 2 * op.padding == kernel - 1;
    if (!same)
      x = graph_.padded(name + ".padded", x, {op.padding, op.padding}, {op.padding, op.padding});
    const auto set_window = [&](auto options) {
      options.padding = same ? tflite::Padding_SAME : tflite::Padding_VALID;
      options.stride_w = options.stride_h = op.stride;
      return options;
    };
    const Tensor t = graph_.tensor(name, channels_last(shape(out)), tflite::TensorType_FLOAT32);
    const std::vector<Tensor> inputs{x, parameters[0], parameters[1]};
    TfliteGraph::Operator made = nullptr;
    if (is_depthwise(op)) {
      tflite::DepthwiseConv2DOptionsT options = set_window(tflite::DepthwiseConv2DOptionsT{});
      options.depth_multiplier = static_cast<int32_t>(op.weight.shape[0] / op.groups);
      made = graph_.add(tflite::BuiltinOperator_DEPTHWISE_CONV_2D, version, inputs, t, options);
    } else {
      made = graph_.add(tflite::BuiltinOperator_CONV_2D, version, inputs, t,
                        set_window(tflite::Conv2DOptionsT{}));
    }
    define(out, {.tensor = t, .picture = true, .pending = true, .producer = made});
  }
  // Into the convolution that makes `x`, where there is one.
  void fuse(Ref out, const std::string& name, Ref x, ActivationKind kind) {
    const bool six = kind == ActivationKind::kRelu6;
    Value v = value(x);
    tflite::ActivationFunction* fused = fused_function(v.producer);
    if (fused == nullptr || *fused != tflite::ActivationFunction_NONE) {
      make(out, name, six ? tflite::BuiltinOperator_RELU6 : tflite::BuiltinOperator_RELU, {x}, {});
      return;
    }
    *fused = six ? tflite::ActivationFunction_RELU6 : tflite::ActivationFunction_RELU;
    graph_.at(v.tensor).name = name;
    define(out, v);
  }
  // Of a convolution; null for anything else.
  static tflite::ActivationFunction* fused_function(TfliteGraph::Operator op) {
    if (op == nullptr) return nullptr;
    if (auto* conv = op->builtin_options.AsConv2DOptions()) return &conv->fused_activation_function;
    auto* depthwise = op->builtin_options.AsDepthwiseConv2DOptions();
    return depthwise == nullptr ? nullptr : &depthwise->fused_activation_function;
  }

  TfliteMoves graph_;
  std::vector<Value> values_;
};

}  // namespace

std::string make_tflite(const Model& model, Size size, Layout layout) {
  TfliteEmitter emitter;
  lower(model, size, layout, emitter);
  return emitter.serialize();
}

void write_tflite(const std::filesystem::path& path, const Model& model, Size size, Layout layout) {
  write_text_file(path, make_tflite(model, size, layout));
}

}  // namespace octet
