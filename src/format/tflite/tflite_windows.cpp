// Convolutions, pooling and resizing in TensorFlow Lite.
#include "core/error.h"
#include "format/tflite/tflite_emitter.h"

namespace octet {

void TfliteEmitter::emit(Ref out, const std::string& name, Ref x, const TransposedConv2d& op) {
  const Shape& w = op.weight.shape;  // (I, O, H, W); the file has (O, H, W, I)
  std::vector<float> turned;
  turned.reserve(op.weight.values.size());
  for (int64_t o = 0; o < w[1]; ++o)
    for (int64_t p = 0; p < w[2] * w[3]; ++p)
      for (int64_t i = 0; i < w[0]; ++i)
        turned.push_back(op.weight.values[static_cast<size_t>((i * w[1] + o) * w[2] * w[3] + p)]);
  const Padding& p = op.padding;
  const Shape to = channels_last(shape(out));
  const bool same = same_padding(shape(out), {w[2], w[3]}, op.stride) == p &&
                    (to[1] + op.stride - 1) / op.stride == shape(x)[2] &&
                    (to[2] + op.stride - 1) / op.stride == shape(x)[3];
  Shape whole = to;
  if (!same) whole = {1, to[1] + p.top + p.bottom, to[2] + p.left + p.right, to[3]};
  std::vector<float> bias = op.bias.values;
  bias.resize(static_cast<size_t>(w[1]));
  const Tensor size = graph_.integers(name + ".size", whole);
  const Tensor weight = floats(name + ".weight", {w[1], w[2], w[3], w[0]}, turned);
  const Tensor b = floats(name + ".bias", {w[1]}, bias);
  tflite::TransposeConvOptionsT options;
  options.padding = same ? tflite::Padding_SAME : tflite::Padding_VALID;
  options.stride_w = options.stride_h = op.stride;
  const Tensor t = graph_.tensor(name, whole, tflite::TensorType_FLOAT32);
  constexpr int kVersionWithBias = 3;
  graph_.add(tflite::BuiltinOperator_TRANSPOSE_CONV, kVersionWithBias,
             {size, weight, as_float(x), b}, t, options);
  const bool cut = whole != to;
  define(out,
         {.tensor = cut ? graph_.cut(name + ".cut", t, {p.top, p.left}, to) : t, .picture = true});
}

void TfliteEmitter::emit(Ref out, const std::string& name, Ref x, const MaxPool& op) {
  if (!op.padding.even() || 2 * op.padding.top != op.kernel - 1)
    return pool_with_edges(out, name, x, op);
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

void TfliteEmitter::emit(Ref out, const std::string& name, Ref x, const AvgPool& op) {
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

void TfliteEmitter::emit(Ref out, const std::string& name, Ref x, const ResizeNearest& op) {
  const int factor = op.factor;
  const Tensor in = resolve(x);
  const Shape s = graph_.shape(in);  // (1, H, W, C)
  const Tensor wide = graph_.repeated(name + ".pixels", in, 3, factor);
  const Tensor rows = graph_.reshaped(name + ".rows", wide, {1, s[1], 1, s[2] * factor * s[3]});
  const Tensor tall = graph_.repeated(name + ".doubled", rows, 2, factor);
  define(out, {.tensor = graph_.reshaped(name, tall, {1, s[1] * factor, s[2] * factor, s[3]}),
               .picture = true});
}

void TfliteEmitter::emit(Ref out, const std::string& name, Ref x, const ResizeBilinear& op) {
  tflite::ResizeBilinearOptionsT options;
  options.align_corners = op.grid == PixelGrid::kAlignCorners;
  options.half_pixel_centers = op.grid == PixelGrid::kHalfPixel;
  const Shape& to = shape(out);
  make(out, name, tflite::BuiltinOperator_RESIZE_BILINEAR, {x},
       {graph_.integers(name + ".size", {to[2], to[3]})}, options);
}

void TfliteEmitter::emit_window_conv(Ref out, const std::string& name, Tensor x, const Conv2d& op,
                                     const std::vector<Tensor>& parameters, int version) {
  const Padding& p = op.padding;
  const WindowSides kernel{op.dilation * (op.weight.shape[2] - 1) + 1,
                           op.dilation * (op.weight.shape[3] - 1) + 1};
  const bool same = (op.stride == 1 || !p.even()) && same_padding(nchw(x), kernel, op.stride) == p;
  if (!same) x = graph_.padded(name + ".padded", x, {{p.top, p.bottom}, {p.left, p.right}});
  const auto set_window = [&](auto options) {
    options.dilation_w_factor = options.dilation_h_factor = op.dilation;
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

void TfliteEmitter::pool_with_edges(Ref out, const std::string& name, Ref x, const MaxPool& op) {
  const Padding& p = op.padding;
  const bool same = same_padding(shape(x), {op.kernel, op.kernel}, op.stride) == p;
  const Tensor in = resolve(x);
  Tensor wide = in;
  if (!same && p != Padding(0)) {
    const Tensor sides = graph_.sides(
        name, {.rows = {p.top, p.bottom}, .columns = {p.left, p.right}, .channels = 0});
    const Tensor least = graph_.least_value(name + ".least", in);
    wide = graph_.padded_by(
        name + ".edges", in, sides, least,
        {1, shape(x)[2] + p.top + p.bottom, shape(x)[3] + p.left + p.right, shape(x)[1]});
  }
  const Tensor t = graph_.like(name, in, channels_last(shape(out)));
  constexpr auto kCode = tflite::BuiltinOperator_MAX_POOL_2D;
  graph_.add(kCode, graph_.is_int8(in) ? int8_version(kCode) : kFloatVersion, {wide}, t,
             pooling(op.kernel, op.stride, same ? tflite::Padding_SAME : tflite::Padding_VALID));
  define(out, {.tensor = t, .picture = true});
}

}  // namespace octet
