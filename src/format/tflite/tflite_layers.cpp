// Operators of TensorFlow Lite that networks compute, as nodes of the graph.
#include <algorithm>
#include <array>

#include "core/error.h"
#include "format/import/constants.h"
#include "format/tflite/same_padding.h"
#include "format/tflite/tflite_call.h"

namespace octet {
namespace {

// Options that a file may leave out.
template <typename Options>
const Options& present(const Options* options) {
  if (options == nullptr) fail("lacks its options");
  return *options;
}

std::vector<float> narrowed(const std::vector<double>& values) {
  std::vector<float> out;
  out.reserve(values.size());
  for (const double v : values) out.push_back(static_cast<float>(v));
  return out;
}

int square(int32_t across, int32_t down, const char* what) {
  constexpr int32_t kMost = 4096;
  if (across != down || across < 1 || across > kMost)
    fail("has {} {} × {}; octet has images with the same in both directions only", what, across,
         down);
  return across;
}

// Weights (A, H, W, B) as (A, B, H, W), or for a depthwise one (1, H, W, O) as (O, 1, H, W).
Tensor weights_of(TfliteCall& call, bool depthwise) {
  const Constant& stored = call.constant(1);
  if (stored.shape.size() != 4) fail("has weights of {} axes", stored.shape.size());
  const Constant turned = transposed(
      stored, depthwise ? std::vector<int64_t>{3, 0, 1, 2} : std::vector<int64_t>{0, 3, 1, 2},
      call.budget());
  return {.shape = turned.shape, .values = narrowed(turned.values)};
}

template <typename Options>
void read_window_conv(TfliteCall& call, const Options& options, bool depthwise) {
  const Computed& x = call.computed(0);
  Conv2d conv{
      .stride = square(options.stride_w(), options.stride_h(), "strides of"),
      .padding = {},
      .dilation = square(options.dilation_w_factor(), options.dilation_h_factor(), "dilations of"),
      .weight = weights_of(call, depthwise),
      .bias = {}};
  const Shape& w = conv.weight.shape;
  const Shape& sides = call.draft().nchw(x);
  if (w[1] < 1 || sides[1] % w[1] != 0)
    fail("has weights for {} channels and reads {}", w[1], sides[1]);
  conv.groups = static_cast<int>(sides[1] / w[1]);
  if (call.has(2)) {
    const Constant& bias = call.constant(2);
    conv.bias = {bias.shape, narrowed(bias.values)};
  }
  if (options.padding() == tflite::Padding_SAME)
    conv.padding = same_padding(
        sides, {conv.dilation * (w[2] - 1) + 1, conv.dilation * (w[3] - 1) + 1}, conv.stride);
  call.make(add_convolution(call.draft(), call.name(), x, std::move(conv)),
            options.fused_activation_function());
}

void read_conv(TfliteCall& call) {
  read_window_conv(call, present(call.op().builtin_options_as_Conv2DOptions()), false);
}

void read_depthwise(TfliteCall& call) {
  read_window_conv(call, present(call.op().builtin_options_as_DepthwiseConv2DOptions()), true);
}

// Its padding is what is left of the image that all kernels make.
void read_transposed_conv(TfliteCall& call) {
  const auto& options = present(call.op().builtin_options_as_TransposeConvOptions());
  const Computed& x = call.computed(2);
  const Constant turned = transposed(call.constant(1), {3, 0, 1, 2}, call.budget());
  TransposedConv2d conv{.stride = square(options.stride_w(), options.stride_h(), "strides of"),
                        .padding = {},
                        .weight = {turned.shape, narrowed(turned.values)},
                        .bias = {}};
  if (call.has(3)) {
    const Constant& bias = call.constant(3);
    conv.bias = {bias.shape, narrowed(bias.values)};
  }
  const std::vector<int64_t> to = call.integers(0);
  if (to.size() != 4) fail("has a size of {} sides", to.size());
  const Shape& sides = call.draft().nchw(x);
  const auto rest = [&](size_t side) {
    const int64_t total = (sides[1 + side] - 1) * conv.stride + turned.shape[1 + side] - to[side];
    if (total < -conv.stride || total > turned.shape[1 + side])
      fail("makes {} pixels, which its kernels do not reach", to[side]);
    return static_cast<int>(total);
  };
  const int rows = rest(1);
  const int columns = rest(2);
  const int top = std::max(0, rows / 2);
  const int left = std::max(0, columns / 2);
  conv.padding = {top, left, rows - top, columns - left};
  call.make(add_transposed_convolution(call.draft(), call.name(), x, std::move(conv)),
            options.fused_activation_function());
}

void read_fully_connected(TfliteCall& call) {
  const auto& options = present(call.op().builtin_options_as_FullyConnectedOptions());
  const Constant& weight = call.constant(1);
  if (weight.shape.size() != 2 || options.weights_format() != 0)
    fail("has weights of {} axes in the format {}", weight.shape.size(),
         static_cast<int>(options.weights_format()));
  Dense dense{weight.shape[0], weight.shape[1], weight.values, {}};
  if (call.has(2)) dense.bias = call.constant(2).values;
  if (!dense.bias.empty() && dense.bias.size() != static_cast<size_t>(dense.outputs))
    fail("has {} biases for {} outputs", dense.bias.size(), dense.outputs);
  const Computed& x = call.computed(0);
  Computed made = add_dense(call.draft(), call.name(), x, dense);
  const int64_t rows = element_count(made.shape) / dense.outputs;
  if (!options.keep_num_dims()) made = call.draft().reshaped(made, {rows, dense.outputs});
  call.make(made, options.fused_activation_function());
}

void read_arithmetic(TfliteCall& call, Arithmetic kind, tflite::ActivationFunction fused) {
  Draft& draft = call.draft();
  const std::string name = call.name();
  if (call.is_constant(1))
    return call.make(add_arithmetic(draft, name, kind, call.computed(0), call.constant(1)), fused);
  if (!call.is_constant(0))
    return call.make(add_arithmetic(draft, name, kind, call.computed(0), call.computed(1)), fused);
  if (kind == Arithmetic::kDivide) fail("divides a constant by a value");
  call.make(kind == Arithmetic::kSubtract
                ? subtract_from(draft, name, call.constant(0), call.computed(1))
                : add_arithmetic(draft, name, kind, call.computed(1), call.constant(0)),
            fused);
}

void read_add(TfliteCall& call) {
  read_arithmetic(call, Arithmetic::kAdd, fused_in(call.op().builtin_options_as_AddOptions()));
}
void read_subtract(TfliteCall& call) {
  read_arithmetic(call, Arithmetic::kSubtract, fused_in(call.op().builtin_options_as_SubOptions()));
}
void read_multiply(TfliteCall& call) {
  read_arithmetic(call, Arithmetic::kMultiply, fused_in(call.op().builtin_options_as_MulOptions()));
}
void read_divide(TfliteCall& call) {
  read_arithmetic(call, Arithmetic::kDivide, fused_in(call.op().builtin_options_as_DivOptions()));
}

template <ActivationKind kKind>
void read_activation(TfliteCall& call) {
  call.make(add_activation(call.draft(), call.name(), kKind, call.computed(0)));
}

void read_tanh(TfliteCall& call) {
  call.make(add_tanh(call.draft(), call.name(), call.computed(0)));
}

template <int kLow, int kHigh>
void read_clip(TfliteCall& call) {
  call.make(add_clip(call.draft(), call.name(), call.computed(0), {kLow, kHigh}));
}

// With a constant, the limit of a clip.
template <bool kMax>
void read_extreme(TfliteCall& call) {
  const size_t constant = call.is_constant(0) ? 0 : 1;
  const Constant& limit = call.constant(constant);
  if (limit.values.size() != 1) fail("is the extreme of more than one number");
  ClampRange limits;
  (kMax ? limits.low : limits.high) = limit.values[0];
  call.make(add_clip(call.draft(), call.name(), call.computed(1 - constant), limits));
}

void read_leaky_relu(TfliteCall& call) {
  const double alpha = present(call.op().builtin_options_as_LeakyReluOptions()).alpha();
  call.make(add_prelu(call.draft(), call.name(), call.computed(0), {{}, {alpha}}));
}

void read_prelu(TfliteCall& call) {
  call.make(add_prelu(call.draft(), call.name(), call.computed(0), call.constant(1)));
}

void read_negative(TfliteCall& call) {
  const Computed& x = call.computed(0);
  call.make(add_affine(call.draft(), call.name(), x, uniform(call.draft(), x, -1, 0)));
}

void read_pool(TfliteCall& call, bool largest) {
  const auto& options = present(call.op().builtin_options_as_Pool2DOptions());
  const Computed& x = call.computed(0);
  PoolWindow w{
      options.filter_height(), options.filter_width(), options.stride_h(), options.stride_w(), {}};
  const int stride = square(options.stride_w(), options.stride_h(), "strides of");
  if (options.padding() == tflite::Padding_SAME)
    w.padding = same_padding(call.draft().nchw(x), {w.height, w.width}, stride);
  call.make(largest ? add_max_pool(call.draft(), call.name(), x, w)
                    : add_avg_pool(call.draft(), call.name(), x, w, false),
            options.fused_activation_function());
}

void read_mean(TfliteCall& call) {
  const auto& options = present(call.op().builtin_options_as_ReducerOptions());
  call.make(
      add_mean(call.draft(), call.name(), call.computed(0), call.integers(1), options.keep_dims()));
}

void read_bilinear(TfliteCall& call) {
  const auto& options = present(call.op().builtin_options_as_ResizeBilinearOptions());
  const Computed& x = call.computed(0);
  const std::vector<int64_t> size = call.integers(1);
  if (size.size() != 2 || x.shape.size() != 4) fail("has a size of {} sides", size.size());
  const PixelGrid grid = options.align_corners()        ? PixelGrid::kAlignCorners
                         : options.half_pixel_centers() ? PixelGrid::kHalfPixel
                                                        : PixelGrid::kAsymmetric;
  call.make(add_resize(call.draft(), call.name(), x, {x.shape[0], size[0], size[1], x.shape[3]},
                       false, grid));
}

void read_nearest(TfliteCall& call) {
  const auto& options = present(call.op().builtin_options_as_ResizeNearestNeighborOptions());
  const Computed& x = call.computed(0);
  const std::vector<int64_t> size = call.integers(1);
  if (size.size() != 2 || x.shape.size() != 4) fail("has a size of {} sides", size.size());
  if (options.align_corners()) fail("aligns the corners of repeated pixels");
  call.make(add_resize(call.draft(), call.name(), x, {x.shape[0], size[0], size[1], x.shape[3]},
                       true, PixelGrid::kHalfPixel));
}

struct Row {
  int code;
  TfliteOperatorReader read;
};
constexpr std::array kRows = {
    Row{tflite::BuiltinOperator_CONV_2D, read_conv},
    Row{tflite::BuiltinOperator_DEPTHWISE_CONV_2D, read_depthwise},
    Row{tflite::BuiltinOperator_TRANSPOSE_CONV, read_transposed_conv},
    Row{tflite::BuiltinOperator_FULLY_CONNECTED, read_fully_connected},
    Row{tflite::BuiltinOperator_ADD, read_add},
    Row{tflite::BuiltinOperator_SUB, read_subtract},
    Row{tflite::BuiltinOperator_MUL, read_multiply},
    Row{tflite::BuiltinOperator_DIV, read_divide},
    Row{tflite::BuiltinOperator_NEG, read_negative},
    Row{tflite::BuiltinOperator_RELU, read_activation<ActivationKind::kRelu>},
    Row{tflite::BuiltinOperator_RELU6, read_activation<ActivationKind::kRelu6>},
    Row{tflite::BuiltinOperator_LOGISTIC, read_activation<ActivationKind::kSigmoid>},
    Row{tflite::BuiltinOperator_TANH, read_tanh},
    Row{tflite::BuiltinOperator_HARD_SWISH, read_activation<ActivationKind::kHardswish>},
    Row{tflite::BuiltinOperator_RELU_N1_TO_1, read_clip<-1, 1>},
    Row{tflite::BuiltinOperator_RELU_0_TO_1, read_clip<0, 1>},
    Row{tflite::BuiltinOperator_MAXIMUM, read_extreme<true>},
    Row{tflite::BuiltinOperator_MINIMUM, read_extreme<false>},
    Row{tflite::BuiltinOperator_LEAKY_RELU, read_leaky_relu},
    Row{tflite::BuiltinOperator_PRELU, read_prelu},
    Row{tflite::BuiltinOperator_MAX_POOL_2D, [](TfliteCall& c) { read_pool(c, true); }},
    Row{tflite::BuiltinOperator_AVERAGE_POOL_2D, [](TfliteCall& c) { read_pool(c, false); }},
    Row{tflite::BuiltinOperator_MEAN, read_mean},
    Row{tflite::BuiltinOperator_RESIZE_BILINEAR, read_bilinear},
    Row{tflite::BuiltinOperator_RESIZE_NEAREST_NEIGHBOR, read_nearest},
};

}  // namespace

TfliteOperatorReader find_tflite_layer(int code) {
  const auto* const row =
      std::find_if(kRows.begin(), kRows.end(), [&](const Row& r) { return r.code == code; });
  return row == kRows.end() ? find_tflite_move(code) : row->read;
}

}  // namespace octet
