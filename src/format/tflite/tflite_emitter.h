// The exporter of TensorFlow Lite. tflite.cpp has its larger functions, and tflite_windows.cpp those
// of convolutions, pooling and resizing.
#pragma once

#include <flatbuffers/flatbuffers.h>

#include "format/emit/emitter.h"
#include "format/tflite/same_padding.h"
#include "format/tflite/tflite_moves.h"
#include "format/tflite/weight_layout.h"

namespace octet {

// Operators are computed in integers where all their inputs are. What such an operator makes is
// `pending` until quantize() gives it its scale; what is read before that is computed in float.
class TfliteEmitter : public Emitter {
 public:
  void output(const std::string& name, Ref x) override {
    const TfliteGraph::Tensor t = resolve(x);
    graph_.at(t).name = name;
    graph_.output(t);
  }
  // Readers of Ultralytics' files of this format expect fractions.
  [[nodiscard]] FormatTraits traits() const override { return {.fractions = true}; }
  void keep_apart(Ref x) override { value(x).apart = true; }
  void metadata(const std::map<std::string, std::string>& entries) override {
    for (const auto& [key, value] : entries) graph_.metadata(key, value);
  }
  [[nodiscard]] std::string serialize() { return graph_.serialize(); }

 protected:
  using Tensor = TfliteGraph::Tensor;

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
    const Shape& s = shape(x);
    const bool pixel = s.size() == 4 && s[2] * s[3] == 1;  // the same in either order
    const bool integers = graph_.is_int8(resolve(x)) && (!value(x).picture || pixel);
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
  // The whole image, then without its sides, where SAME padding does not cut off the same.
  void emit(Ref out, const std::string& name, Ref x, const TransposedConv2d& op) override;
  void emit_quantized_conv(Ref out, const std::string& name, Ref x, const Conv2d& op,
                           const QuantizedConv& q, const QuantParams& input) override;
  void emit_quantize(Ref out, const std::string& name, Ref x, const QuantParams& params) override;
  void emit_image_from_bytes(Ref out, const std::string&, Ref bytes) override {
    graph_.quantize(value(bytes).tensor, kImageParams);
    define(out, value(bytes));
  }
  void emit(Ref out, const std::string& name, Ref x, const Activation& op) override;
  void emit_binary(Ref out, const std::string& name, BinaryKind kind,
                   std::pair<Ref, Ref> operands) override;
  void emit_concat(Ref out, const std::string& name, const std::vector<Ref>& parts,
                   int axis) override {
    tflite::ConcatenationOptionsT options;
    options.axis = value(parts.front()).picture ? kPictureAxis[axis] : axis;
    make(out, name, tflite::BuiltinOperator_CONCATENATION, parts, {}, options);
  }
  void emit_slice(Ref out, const std::string& name, Ref x, Range range) override;
  void emit(Ref out, const std::string& name, Ref x, const MaxPool& op) override;
  void emit(Ref out, const std::string& name, Ref x, const GlobalAvgPool&) override {
    tflite::ReducerOptionsT options;
    options.keep_dims = true;
    make(out, name, tflite::BuiltinOperator_MEAN, {x}, {graph_.integers(name + ".axes", {1, 2})},
         options);
  }
  void emit(Ref out, const std::string& name, Ref x, const ResizeBilinear& op) override;
  void emit(Ref out, const std::string& name, Ref x, const ChannelShuffle& op) override {
    const Shape& s = shape(out);
    const Tensor split = graph_.reshaped(name + ".groups", resolve(x),
                                         {1, s[2] * s[3], op.groups, s[1] / op.groups});
    const Tensor turned =
        graph_.transposed(name + ".turned", split, graph_.shape(split), {0, 1, 3, 2});
    define(out, {.tensor = graph_.reshaped(name, turned, channels_last(s)), .picture = true});
  }
  void emit(Ref out, const std::string& name, Ref x, const DepthToSpace& op) override {
    const int64_t f = op.factor;
    const Shape& from = shape(x);
    const Shape to = channels_last(shape(out));
    const Tensor split =
        graph_.reshaped(name + ".rows", resolve(x), {from[2], from[3], f, f * to[3]});
    const Tensor turned =
        graph_.transposed(name + ".turned", split, graph_.shape(split), {0, 2, 1, 3});
    define(out, {.tensor = graph_.reshaped(name, turned, to), .picture = true});
  }
  void emit(Ref out, const std::string& name, Ref x, const Prelu& op) override;
  void emit(Ref out, const std::string& name, Ref x, const Pad& op) override;
  // Of integers a depthwise convolution of ones, which XNNPACK and the Edge TPU take, and which
  // rounds as convolutions do: TensorFlow Lite's own pooling of integers rounds halves up.
  void emit(Ref out, const std::string& name, Ref x, const AvgPool& op) override;
  // Pixels side by side with themselves, then rows: XNNPACK has no resize. (As fast as one on two
  // cores; nothing is left to other kernels.)
  void emit(Ref out, const std::string& name, Ref x, const ResizeNearest& op) override;
  // TensorFlow Lite's works along the last axis.
  void emit_softmax(Ref out, const std::string& name, Ref x, int axis) override;
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
    bool apart = false;  // no activation becomes a part of its producer
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
    const auto op = graph_.add(code, integers ? int8_version(code) : float_version(code),
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
                        const std::vector<Tensor>& parameters, int version);
  // With SAME padding where that is the same, else the edges are added first.
  void pool_with_edges(Ref out, const std::string& name, Ref x, const MaxPool& op);
  // (1, C, H, W) of a picture.
  Shape nchw(Tensor t) {
    const Shape s = graph_.shape(t);
    return {s[0], s[3], s[1], s[2]};
  }
  // Into the convolution or the sum that makes `x`, where there is one.
  void fuse(Ref out, const std::string& name, Ref x, ActivationKind kind);
  // Of a convolution or a sum; null for anything else.
  static tflite::ActivationFunction* fused_function(TfliteGraph::Operator op) {
    if (op == nullptr) return nullptr;
    if (auto* conv = op->builtin_options.AsConv2DOptions()) return &conv->fused_activation_function;
    if (auto* add = op->builtin_options.AsAddOptions()) return &add->fused_activation_function;
    auto* depthwise = op->builtin_options.AsDepthwiseConv2DOptions();
    return depthwise == nullptr ? nullptr : &depthwise->fused_activation_function;
  }

  TfliteMoves graph_;
  std::vector<Value> values_;
};

}  // namespace octet
