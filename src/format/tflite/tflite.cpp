#include "format/tflite/tflite.h"

#include <flatbuffers/flatbuffers.h>

#include "core/error.h"
#include "core/file.h"
#include "format/emit/lower.h"
#include "format/tflite/tflite_graph.h"

namespace octet {
namespace {

using Tensor = TfliteGraph::Tensor;

// Versions of the operators for float and for int8: those the Edge TPU's compiler knows.
constexpr int kFloatVersion = 1, kInt8ConvVersion = 3, kDequantizeVersion = 2;
constexpr int int8_version(tflite::BuiltinOperator code) {
  return code == tflite::BuiltinOperator_HARD_SWISH ? 1 : 2;
}

// The file's order of a picture's sides: (N, C, H, W) to (N, H, W, C).
Shape channels_last(const Shape& s) { return {s[0], s[2], s[3], s[1]}; }

// One input channel a group.
bool is_depthwise(const Conv2d& op) { return op.groups > 1 && op.weight.shape[1] == 1; }

// The file's order of a convolution's weights: (O, H, W, I), of depthwise ones (1, H, W, O).
class WeightLayout {
 public:
  explicit WeightLayout(const Conv2d& op) : from_(op.weight.shape), depthwise_(is_depthwise(op)) {}

  [[nodiscard]] Shape shape() const {
    return depthwise_ ? Shape{1, from_[2], from_[3], from_[0]} : channels_last(from_);
  }
  [[nodiscard]] int output_axis() const { return depthwise_ ? 3 : 0; }

  template <typename T>
  [[nodiscard]] std::vector<T> ordered(const std::vector<T>& weight) const {
    std::vector<T> out;
    out.reserve(weight.size());
    const int64_t positions = from_[2] * from_[3];
    const auto at = [&](int64_t o, int64_t i, int64_t p) {
      return weight[static_cast<size_t>((o * from_[1] + i) * positions + p)];
    };
    if (depthwise_) {
      for (int64_t p = 0; p < positions; ++p)
        for (int64_t o = 0; o < from_[0]; ++o) out.push_back(at(o, 0, p));
      return out;
    }
    for (int64_t o = 0; o < from_[0]; ++o)
      for (int64_t p = 0; p < positions; ++p)
        for (int64_t i = 0; i < from_[1]; ++i) out.push_back(at(o, i, p));
    return out;
  }

 private:
  Shape from_;  // (O, I / groups, H, W)
  bool depthwise_;
};

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
  // The transposition of the input's bytes is none: tensors of pictures keep their order.
  void emit_transpose(Ref out, const std::string& name, Ref x,
                      const std::vector<int64_t>& order) override {
    if (order == std::vector<int64_t>{0, 3, 1, 2}) {
      define(out, {.tensor = value(x).tensor, .picture = true});
      return;
    }
    define(out, {.tensor = transposed(name, plain(x), shape(x), order)});
  }
  void emit_reshape(Ref out, const std::string& name, Ref x) override {
    define(out, {.tensor = reshaped(name, plain(x), shape(out))});
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
    } else if (graph_.is_int8(v.tensor) && params_of(v.tensor) == params) {
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
    const Tensor all = like(name + ".all", in, graph_.shape(in));
    constexpr auto kCode = tflite::BuiltinOperator_MAX_POOL_2D;
    graph_.add(kCode, graph_.is_int8(in) ? int8_version(kCode) : kFloatVersion, {in}, all,
               pooling(op.kernel, 1, tflite::Padding_SAME));
    define(out, {.tensor = every_nth(name, all, op.stride, shape(out)), .picture = true});
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
    emit_quantized_conv(out, name, x, ones, q, params_of(resolve(x)));
  }
  // Pixels side by side with themselves, then rows: XNNPACK has no resize. (As fast as one on two
  // cores; nothing is left to other kernels.)
  void emit(Ref out, const std::string& name, Ref x, const ResizeNearest& op) override {
    const int factor = op.factor;
    const Tensor in = resolve(x);
    const Shape s = graph_.shape(in);  // (1, H, W, C)
    const Tensor wide = repeated(name + ".pixels", in, 3, factor);
    const Tensor rows = reshaped(name + ".rows", wide, {1, s[1], 1, s[2] * factor * s[3]});
    const Tensor tall = repeated(name + ".doubled", rows, 2, factor);
    define(out, {.tensor = reshaped(name, tall, {1, s[1] * factor, s[2] * factor, s[3]}),
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
    const Tensor in = transposed(name + ".before", plain(x), s, order);
    const Tensor t = graph_.tensor(name + ".last", swapped, tflite::TensorType_FLOAT32);
    tflite::SoftmaxOptionsT options;
    options.beta = 1;
    graph_.add(tflite::BuiltinOperator_SOFTMAX, kFloatVersion, {in}, t, options);
    define(out, {.tensor = transposed(name, t, swapped, order)});
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
  QuantParams params_of(Tensor t) {
    const auto& q = *graph_.at(t).quantization;
    return {.scale = q.scale[0], .zero_point = static_cast<int>(q.zero_point[0])};
  }
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
    return transposed(graph_.at(t).name + ".nchw", t, channels_last(shape(ref)), {0, 3, 1, 2});
  }

  // ---- operators
  Tensor transposed(const std::string& name, Tensor t, const Shape& s,
                    const std::vector<int64_t>& order) {
    Shape to;
    for (const int64_t axis : order) to.push_back(s[static_cast<size_t>(axis)]);
    const Tensor out = graph_.tensor(name, to, tflite::TensorType_FLOAT32);
    graph_.add(tflite::BuiltinOperator_TRANSPOSE, kFloatVersion,
               {t, graph_.integers(name + ".order", order)}, out, tflite::TransposeOptionsT{});
    return out;
  }
  // A tensor like `t`, of another shape.
  Tensor like(const std::string& name, Tensor t, const Shape& s) {
    const Tensor out = graph_.tensor(name, s, tflite::TensorType_FLOAT32);
    if (graph_.is_int8(t)) graph_.quantize(out, params_of(t));
    return out;
  }
  Tensor reshaped(const std::string& name, Tensor t, const Shape& s) {
    const Tensor to = like(name, t, s);
    tflite::ReshapeOptionsT options;
    for (const int64_t d : s) options.new_shape.push_back(static_cast<int32_t>(d));
    graph_.add(tflite::BuiltinOperator_RESHAPE, kFloatVersion,
               {t, graph_.integers(name + ".shape", s)}, to, options);
    return to;
  }
  Tensor repeated(const std::string& name, Tensor t, int axis, int times) {
    Shape s = graph_.shape(t);
    s[static_cast<size_t>(axis)] *= times;
    const Tensor to = like(name, t, s);
    tflite::ConcatenationOptionsT options;
    options.axis = axis;
    constexpr auto kCode = tflite::BuiltinOperator_CONCATENATION;
    graph_.add(kCode, graph_.is_int8(t) ? int8_version(kCode) : kFloatVersion,
               std::vector<Tensor>(static_cast<size_t>(times), t), to, options);
    return to;
  }
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
  // Of rows and columns the first of each n. Slices of stride 1 alone, which every engine takes: of
  // rows of n pixels side by side, the first.
  Tensor every_nth(const std::string& name, Tensor t, int n, const Shape& nchw) {
    const Shape to = channels_last(nchw);  // (1, H, W, C)
    const Shape before = graph_.shape(t);
    t = padded(name + ".whole", t, {0, to[1] * n - before[1]}, {0, to[2] * n - before[2]});
    const Shape s = graph_.shape(t);
    const Tensor rows = reshaped(name + ".rows", t, {1, to[1], n * s[2], s[3]});
    const Tensor kept = leading(name + ".kept", rows, 2, s[2]);
    const Tensor columns = reshaped(name + ".columns", kept, {1, to[1], to[2], n * s[3]});
    return leading(name, columns, 3, s[3]);
  }
  // The first `count` along an axis.
  Tensor leading(const std::string& name, Tensor t, size_t axis, int64_t count) {
    Shape end = graph_.shape(t);
    end[axis] = count;
    const Tensor to = like(name, t, end);
    constexpr auto kCode = tflite::BuiltinOperator_STRIDED_SLICE;
    graph_.add(kCode, graph_.is_int8(t) ? int8_version(kCode) : kFloatVersion,
               {t, graph_.integers(name + ".begin", std::vector<int64_t>(end.size(), 0)),
                graph_.integers(name + ".end", end),
                graph_.integers(name + ".step", std::vector<int64_t>(end.size(), 1))},
               to, tflite::StridedSliceOptionsT{});
    return to;
  }

  // Padding of its own where SAME would not give the same: with stride 2 it pads at the end only.
  void emit_window_conv(Ref out, const std::string& name, Tensor x, const Conv2d& op,
                        const std::vector<Tensor>& parameters, int version) {
    const int64_t kernel = op.weight.shape[2];
    const bool same = op.stride == 1 && 2 * op.padding == kernel - 1;
    if (!same) x = padded(name + ".padded", x, {op.padding, op.padding}, {op.padding, op.padding});
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
  struct Ends {
    int64_t before = 0, after = 0;
  };
  // With zeros around; `x` itself where there are none.
  Tensor padded(const std::string& name, Tensor x, const Ends& rows, const Ends& columns) {
    if (rows.before + rows.after + columns.before + columns.after == 0) return x;
    Shape s = graph_.shape(x);
    s[1] += rows.before + rows.after;
    s[2] += columns.before + columns.after;
    const std::vector<int32_t> sides{0,
                                     0,
                                     int32_t(rows.before),
                                     int32_t(rows.after),
                                     int32_t(columns.before),
                                     int32_t(columns.after),
                                     0,
                                     0};
    const Tensor amounts = graph_.constant(name + ".sides", {4, 2}, tflite::TensorType_INT32,
                                           std::as_bytes(std::span(sides)));
    const Tensor t = like(name, x, s);
    constexpr auto kPad = tflite::BuiltinOperator_PAD;
    graph_.add(kPad, graph_.is_int8(x) ? int8_version(kPad) : kFloatVersion, {x, amounts}, t,
               tflite::PadOptionsT{});
    return t;
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

  TfliteGraph graph_;
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
