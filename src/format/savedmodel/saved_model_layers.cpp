// Convolutions, activations, pooling and resizing in TensorFlow.
#include <cmath>
#include <limits>

#include "core/error.h"
#include "format/savedmodel/saved_model_emitter.h"
#include "format/tflite/weight_layout.h"
#include "quant/params.h"

namespace octet {
namespace {

constexpr int kWeightLimit = kInt8Max;  // of weights with `narrow_range`: ±127

// (O, I, H, W) becomes (H, W, I, O). With one input channel a group this is also the order of
// (H, W, groups, O / groups).
std::vector<float> outputs_last(const Tensor& weight) {
  const Shape& s = weight.shape;
  const int64_t positions = s[2] * s[3];
  std::vector<float> out;
  out.reserve(weight.values.size());
  for (int64_t p = 0; p < positions; ++p)
    for (int64_t i = 0; i < s[1]; ++i)
      for (int64_t o = 0; o < s[0]; ++o)
        out.push_back(weight.values[static_cast<size_t>((o * s[1] + i) * positions + p)]);
  return out;
}

// Of the constant.
Shape stored_shape(const Conv2d& op) {
  const Shape& s = op.weight.shape;
  return {s[2], s[3], s[1], s[0]};
}

// The ends of a weight's 255 integers. TensorFlow's converter computes the scale from their distance
// in double precision: one of them moves by its last bit where the scale would not be exact.
std::pair<float, float> weight_range(float scale) {
  const float high = kWeightLimit * scale;
  for (const float low : {high, std::nextafter(high, 0.0F), std::nextafter(high, 2 * high)}) {
    const double distance = static_cast<double>(high) + static_cast<double>(low);
    if (static_cast<float>(distance / (2 * kWeightLimit)) == scale) return {-low, high};
  }
  return {-high, high};
}

// Of the operator's input.
Shape filter_shape(const Conv2d& op) {
  const Shape& s = op.weight.shape;
  return is_depthwise(op) ? Shape{s[2], s[3], op.groups, s[0] / op.groups} : stored_shape(op);
}

}  // namespace

void SavedModelEmitter::convolution(Ref out, const std::string& name, Ref x, const Conv2d& op,
                                    const std::string& weight) {
  const Padding& p = op.padding;
  const Shape& sides = op.weight.shape;
  const auto halves = [&](int64_t side) { return 2 * p.top == op.dilation * (side - 1); };
  const bool same = op.stride == 1 && p.even() && halves(sides[2]) && halves(sides[3]);
  std::string in = value(x).name;
  if (!same && p != Padding()) {
    const std::string amounts =
        graph_.paddings(name + ".sides", {0, 0, p.top, p.bottom, p.left, p.right, 0, 0});
    in = graph_.add_float("Pad", name + ".padded", {in, amounts})
             .type("Tpaddings", tf::DT_INT32)
             .name();
  }
  const bool biased = !op.bias.empty();
  std::string y = graph_
                      .add_float(is_depthwise(op) ? "DepthwiseConv2dNative" : "Conv2D",
                                 biased ? name + ".conv" : name, {in, weight})
                      .integers("strides", {1, op.stride, op.stride, 1})
                      .integers("dilations", {1, op.dilation, op.dilation, 1})
                      .text("padding", same ? "SAME" : "VALID")
                      .name();
  if (biased) {
    const std::string bias = graph_.floats(name + ".bias", op.bias.shape, op.bias.values);
    y = graph_.add_float("BiasAdd", name, {y, bias}).name();
  }
  define(out, {.name = y, .picture = true});
}

void SavedModelEmitter::emit(Ref out, const std::string& name, Ref x, const Conv2d& op) {
  const std::string weight =
      graph_.floats(name + ".weight", filter_shape(op), outputs_last(op.weight));
  convolution(out, name, x, op, weight);
}

// TensorFlow's quantizer takes the scales along the last axis.
void SavedModelEmitter::emit_quantized_conv(Ref out, const std::string& name, Ref x,
                                            const Conv2d& op, const QuantizedConv& q,
                                            const QuantParams& input) {
  Conv2d real = op;
  dequantize_into(real, q, input);
  std::vector<float> low;
  std::vector<float> high;
  for (const float scale : q.scales) {
    const auto [first, last] = weight_range(scale);
    low.push_back(first);
    high.push_back(last);
  }
  const Shape channels{static_cast<int64_t>(q.scales.size())};
  const std::string weight = name + ".weight";
  const std::string stored = graph_.floats(weight, stored_shape(real), outputs_last(real.weight));
  std::string filter = graph_
                           .add("FakeQuantWithMinMaxVarsPerChannel", weight + ".quantized",
                                {stored, graph_.floats(weight + ".min", channels, low),
                                 graph_.floats(weight + ".max", channels, high)})
                           .integer("num_bits", 8)
                           .flag("narrow_range", true)
                           .name();
  if (is_depthwise(op)) filter = reshaped(weight + ".filter", filter, filter_shape(op));
  convolution(out, name, x, real, filter);
}

void SavedModelEmitter::emit(Ref out, const std::string& name, Ref x, const Activation& op) {
  const Value v = value(x);
  const auto add = [&](const char* type, const std::string& made,
                       const std::vector<std::string>& in) {
    return graph_.add_float(type, made, in).name();
  };
  std::string y;
  switch (op.kind) {
    case ActivationKind::kSilu:
      y = add("Mul", name, {v.name, add("Sigmoid", name + ".sigmoid", {v.name})});
      break;
    case ActivationKind::kRelu:
      y = add("Relu", name, {v.name});
      break;
    case ActivationKind::kRelu6:
      y = add("Relu6", name, {v.name});
      break;
    case ActivationKind::kHardswish: {  // as TensorFlow Lite's converter recognises it
      const std::string moved =
          add("AddV2", name + ".moved", {v.name, graph_.scalar(name + ".three", 3)});
      const std::string gate = add("Relu6", name + ".gate", {moved});
      const std::string product = add("Mul", name + ".product", {v.name, gate});
      y = add("Mul", name, {product, graph_.scalar(name + ".sixth", 1.0F / 6)});
      break;
    }
    case ActivationKind::kSigmoid:
      y = add("Sigmoid", name, {v.name});
      break;
  }
  define(out, {.name = y, .picture = v.picture});
}

TensorflowGraph::Operator SavedModelEmitter::pool(const char* type, const std::string& name,
                                                  const std::string& x,
                                                  std::pair<int, int> kernel_and_stride) {
  const auto [kernel, stride] = kernel_and_stride;
  return graph_.add_float(type, name, {x})
      .integers("ksize", {1, kernel, kernel, 1})
      .integers("strides", {1, stride, stride, 1});
}

// SAME padding with a stride is another: every window is computed, some are kept.
void SavedModelEmitter::emit(Ref out, const std::string& name, Ref x, const MaxPool& op) {
  const std::string in = value(x).name;
  if (op.padding == 0) {
    const auto made = pool("MaxPool", name, in, {op.kernel, op.stride}).text("padding", "VALID");
    return define(out, {.name = made.name(), .picture = true});
  }
  const Padding& p = op.padding;
  if (!p.even() || 2 * p.top != op.kernel - 1) {
    const std::string whole =
        padded(name + ".edges", in, {0, 0, p.top, p.bottom, p.left, p.right, 0, 0},
               std::numeric_limits<float>::lowest());
    const auto made = pool("MaxPool", name, whole, {op.kernel, op.stride}).text("padding", "VALID");
    return define(out, {.name = made.name(), .picture = true});
  }
  const bool all = op.stride == 1;
  std::string y = pool("MaxPool", all ? name : name + ".all", in, {op.kernel, 1})
                      .text("padding", "SAME")
                      .name();
  if (!all)
    y = sliced(name, y,
               {.begin = {0, 0, 0, 0}, .end = file_shape(x), .step = {1, op.stride, op.stride, 1}});
  define(out, {.name = y, .picture = true});
}

void SavedModelEmitter::emit(Ref out, const std::string& name, Ref x, const AvgPool& op) {
  const auto made =
      pool("AvgPool", name, value(x).name, {op.kernel, op.stride}).text("padding", "VALID");
  define(out, {.name = made.name(), .picture = true});
}

void SavedModelEmitter::emit(Ref out, const std::string& name, Ref x, const ResizeNearest&) {
  const std::string size = graph_.integers(name + ".size", {shape(out)[2], shape(out)[3]});
  define(out, {.name = graph_.add_float("ResizeNearestNeighbor", name, {value(x).name, size})
                           .flag("align_corners", false)
                           .flag("half_pixel_centers", false)
                           .name(),
               .picture = true});
}

}  // namespace octet
