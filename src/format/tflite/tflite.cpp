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

template <typename T>
std::vector<T> channels_last(const std::vector<T>& weight, const Shape& s) {
  std::vector<T> out(weight.size());
  size_t to = 0;
  for (int64_t o = 0; o < s[0]; ++o)
    for (int64_t p = 0; p < s[2] * s[3]; ++p)
      for (int64_t i = 0; i < s[1]; ++i)
        out[to++] = weight[static_cast<size_t>((o * s[1] + i) * s[2] * s[3] + p)];
  return out;
}

// Operators are computed in integers where all their inputs are. What such an operator makes is
// `pending` until quantize() gives it its scale; what is read before that is computed in float.
class TfliteEmitter : public Emitter {
 public:
  void output(const std::string& name, Ref x) override {
    const Tensor t = settled(x);
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
  void emit_conv(Ref out, const std::string& name, Ref x, const Conv2d& op) override {
    const Shape& s = op.weight.shape;
    const Tensor weight =
        floats(name + ".weight", channels_last(s), channels_last(op.weight.values, s));
    std::vector<float> bias = op.bias.values;
    bias.resize(static_cast<size_t>(s[0]));
    const Tensor b = floats(name + ".bias", {s[0]}, bias);
    emit_window_conv(out, name, as_float(x), op, {weight, b}, kFloatVersion);
    value(out).pending = false;
  }
  void emit_quantized_conv(Ref out, const std::string& name, Ref x, const Conv2d& op,
                           const QuantizedConv& q, const QuantParams& input) override {
    const Shape& s = op.weight.shape;
    const std::vector<int8_t> values = channels_last(q.weight, s);
    const Tensor weight =
        graph_.constant(name + ".weight", channels_last(s), tflite::TensorType_INT8,
                        std::as_bytes(std::span(values)));
    graph_.quantize_channels(weight, q.scales);
    std::vector<float> scales;
    for (const float scale : q.scales) scales.push_back(input.scale * scale);
    const Tensor bias = graph_.constant(name + ".bias", {s[0]}, tflite::TensorType_INT32,
                                        std::as_bytes(std::span(q.bias)));
    graph_.quantize_channels(bias, scales);
    emit_window_conv(out, name, settled(x), op, {weight, bias}, kInt8ConvVersion);
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
  void emit_activation(Ref out, const std::string& name, Ref x, ActivationKind kind) override {
    switch (kind) {
      case ActivationKind::kSilu: {
        const Tensor in = settled(x);
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
        fuse(out, name, x, kind);
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
  void emit_max_pool(Ref out, const std::string& name, Ref x, const MaxPool& op) override {
    if (op.stride != 1 || 2 * op.padding != op.kernel - 1)
      fail("[MaxPool {}] has a window that TensorFlow Lite's SAME padding does not give", name);
    tflite::Pool2DOptionsT options;
    options.stride_w = options.stride_h = op.stride;
    options.filter_width = options.filter_height = op.kernel;
    make(out, name, tflite::BuiltinOperator_MAX_POOL_2D, {x}, {}, options);
  }
  // Pixels side by side with themselves, then rows: XNNPACK has no resize. (As fast as one on two
  // cores; nothing is left to other kernels.)
  void emit_resize_nearest(Ref out, const std::string& name, Ref x, int factor) override {
    const Tensor in = settled(x);
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
  Tensor settled(Ref ref) {
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
    const Tensor t = settled(ref);
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
    for (const Ref in : inputs) integers = graph_.is_int8(settled(in)) && integers;
    for (const Ref in : inputs) tensors.push_back(integers ? settled(in) : as_number(in));
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

  // Padding of its own where SAME would not give the same: with stride 2 it pads at the end only.
  void emit_window_conv(Ref out, const std::string& name, Tensor x, const Conv2d& op,
                        const std::vector<Tensor>& parameters, int version) {
    const int64_t kernel = op.weight.shape[2];
    const bool same = op.stride == 1 && 2 * op.padding == kernel - 1;
    if (!same && op.padding > 0) x = padded(name + ".padded", x, op.padding);
    tflite::Conv2DOptionsT options;
    options.padding = same ? tflite::Padding_SAME : tflite::Padding_VALID;
    options.stride_w = options.stride_h = op.stride;
    const Tensor t = graph_.tensor(name, channels_last(shape(out)), tflite::TensorType_FLOAT32);
    const auto made = graph_.add(tflite::BuiltinOperator_CONV_2D, version,
                                 {x, parameters[0], parameters[1]}, t, options);
    define(out, {.tensor = t, .picture = true, .pending = true, .producer = made});
  }
  Tensor padded(const std::string& name, Tensor x, int64_t by) {
    Shape s = graph_.shape(x);
    s[1] += 2 * by;
    s[2] += 2 * by;
    const std::vector<int32_t> sides{0,           0,           int32_t(by), int32_t(by),
                                     int32_t(by), int32_t(by), 0,           0};
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
    auto* conv = v.producer == nullptr ? nullptr : v.producer->builtin_options.AsConv2DOptions();
    if (conv == nullptr || conv->fused_activation_function != tflite::ActivationFunction_NONE) {
      make(out, name, six ? tflite::BuiltinOperator_RELU6 : tflite::BuiltinOperator_RELU, {x}, {});
      return;
    }
    conv->fused_activation_function =
        six ? tflite::ActivationFunction_RELU6 : tflite::ActivationFunction_RELU;
    graph_.at(v.tensor).name = name;
    define(out, v);
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
