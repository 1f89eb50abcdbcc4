// Convolutions, pooling and resizing of ONNX.
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

int small(int64_t value, const char* what) {
  constexpr int64_t kMost = 4096;
  if (value < 0 || value > kMost) fail("has {} of {}", what, value);
  return static_cast<int>(value);
}

// Both numbers of a window are the same.
int square(OnnxCall& call, const char* name) {
  const Values v = call.integers(name, {1, 1});
  if (v.size() != 2 || v[0] != v[1])
    fail("has {} of ({}); octet has images with the same in both directions only", name,
         fmt::join(v, ", "));
  return std::max(1, small(v[0], name));
}

// The padding of a window by `pads` or `auto_pad`. `kernel`: with its holes.
Padding padding_of(OnnxCall& call, const Computed& x, const Values& kernel, const Values& strides) {
  const std::string how = call.text("auto_pad", "NOTSET");
  if (how == "VALID") return {};
  if (how == "SAME_UPPER" || how == "SAME_LOWER") {
    std::array<int, 4> sides{};
    for (size_t i = 0; i < 2; ++i) {
      const int64_t length = call.draft().nchw(x)[2 + i];
      const int64_t windows = (length + strides[i] - 1) / strides[i];
      const int total =
          small(std::max<int64_t>(0, (windows - 1) * strides[i] + kernel[i] - length), "a padding");
      const int less = total / 2;
      sides[i] = how == "SAME_UPPER" ? less : total - less;
      sides[2 + i] = total - sides[i];
    }
    return {sides[0], sides[1], sides[2], sides[3]};
  }
  const Values pads = call.integers("pads", {0, 0, 0, 0});
  if (pads.size() != 4) fail("has {} paddings; an image has 4", pads.size());
  return {small(pads[0], "a padding"), small(pads[1], "a padding"), small(pads[2], "a padding"),
          small(pads[3], "a padding")};
}

void read_conv(OnnxCall& call) {
  const Computed& x = call.computed(0);
  Conv2d conv{.stride = square(call, "strides"),
              .padding = {},
              .groups = small(call.integer("group", 1), "groups"),
              .dilation = square(call, "dilations"),
              .weight = narrowed(call.constant(1)),
              .bias = {}};
  if (conv.weight.shape.size() != 4)
    fail("is a convolution of {} axes; octet has those of images",
         static_cast<int64_t>(conv.weight.shape.size()) - 2);
  if (call.has(2)) conv.bias = narrowed(call.constant(2));
  const auto side = [&](size_t i) { return conv.dilation * (conv.weight.shape[i] - 1) + 1; };
  conv.padding = padding_of(call, x, {side(2), side(3)}, {conv.stride, conv.stride});
  call.make(add_convolution(call.draft(), call.name(), x, std::move(conv)));
}

// The padding of a transposed convolution that makes images of the sides `to`, of which `more` are
// pixels that `output_padding` adds.
Padding transposed_padding(OnnxCall& call, const Computed& x, const TransposedConv2d& conv,
                           const Values& to, const Values& more) {
  std::array<int, 4> sides{};
  for (size_t i = 0; i < 2; ++i) {
    const int64_t kernels =
        (call.draft().nchw(x)[2 + i] - 1) * conv.stride + conv.weight.shape[2 + i];
    const int64_t total = kernels + small(more[i], "an output padding") - to[i];
    if (total % 2 != 0)
      fail("leaves open at which side an odd pixel is cut off; name it by 'pads'");
    sides[i] = small(total / 2, "a padding");
    sides[2 + i] = sides[i];
  }
  return {sides[0], sides[1], sides[2], sides[3]};
}

// Pixels that `output_padding` adds at the end are some that the padding leaves.
void read_transposed_conv(OnnxCall& call) {
  const Computed& x = call.computed(0);
  if (square(call, "dilations") != 1) fail("is a transposed convolution with holes");
  TransposedConv2d conv{.stride = square(call, "strides"),
                        .padding = {},
                        .weight = narrowed(call.constant(1)),
                        .bias = {}};
  if (conv.weight.shape.size() != 4)
    fail("has weights of {} axes; an image needs 4", conv.weight.shape.size());
  const Shape& sides = call.draft().nchw(x);
  const std::string how = call.text("auto_pad", "NOTSET");
  const Values more = call.integers("output_padding", {0, 0});
  if (more.size() != 2) fail("has {} output paddings", more.size());
  Values to = call.integers("output_shape", {});
  if (to.size() > 2) to.erase(to.begin(), to.end() - 2);
  if (to.empty() && how.starts_with("SAME")) to = {sides[2] * conv.stride, sides[3] * conv.stride};
  conv.padding = to.size() == 2 ? transposed_padding(call, x, conv, to, more)
                                : padding_of(call, x, {1, 1}, {1, 1});
  conv.padding.bottom -= small(more[0], "an output padding");
  conv.padding.right -= small(more[1], "an output padding");
  if (call.has(2)) conv.bias = narrowed(call.constant(2));
  call.make(add_transposed_convolution(call.draft(), call.name(), x, std::move(conv),
                                       call.integer("group", 1)));
}

// The window of a pooling. `beyond`: one reaches beyond the image and its padding.
PoolWindow pool_window(OnnxCall& call, const Computed& x, bool* beyond = nullptr) {
  const Values kernel = call.integers("kernel_shape", {});
  const Values strides = call.integers("strides", {1, 1});
  if (kernel.size() != 2 || strides.size() != 2) fail("has a window of {} axes", kernel.size());
  for (const int64_t v : {kernel[0], kernel[1], strides[0], strides[1]})
    if (small(v, "a window") < 1) fail("has a window of 0");
  if (square(call, "dilations") != 1) fail("has a window with holes");
  PoolWindow w{kernel[0], kernel[1], strides[0], strides[1], padding_of(call, x, kernel, strides)};
  if (call.integer("ceil_mode", 0) == 0) return w;
  // A last window that is partly outside: as many pixels of padding as it lacks.
  const Shape& sides = call.draft().nchw(x);
  const auto lacks = [&](int64_t length, int before, int after, int64_t side, int64_t stride) {
    const int64_t span = length + before + after - side;
    // A window that begins behind the image is left out.
    if (span % stride == 0 || span - span % stride + stride >= length + before) return 0;
    if (beyond != nullptr) *beyond = true;
    return small(stride - span % stride, "a padding");
  };
  w.padding.bottom += lacks(sides[2], w.padding.top, w.padding.bottom, w.height, w.stride_y);
  w.padding.right += lacks(sides[3], w.padding.left, w.padding.right, w.width, w.stride_x);
  return w;
}

void read_max_pool(OnnxCall& call) {
  const Computed& x = call.computed(0);
  call.make(add_max_pool(call.draft(), call.name(), x, pool_window(call, x)));
}

void read_average_pool(OnnxCall& call) {
  const Computed& x = call.computed(0);
  bool beyond = false;
  const PoolWindow w = pool_window(call, x, &beyond);
  const bool counts = call.integer("count_include_pad", 0) != 0 && !beyond;
  call.make(add_avg_pool(call.draft(), call.name(), x, w, counts));
}

void read_global_average_pool(OnnxCall& call) {
  const Computed& x = call.computed(0);
  call.draft().require_image(x);
  call.make(call.draft().add(call.name(), GlobalAvgPool{}, {x}));
}

void read_global_max_pool(OnnxCall& call) {
  const Computed& x = call.computed(0);
  const Shape& sides = call.draft().nchw(x);
  call.make(add_max_pool(call.draft(), call.name(), x, {sides[2], sides[3], 1, 1, {}}));
}

// The sides that a resize makes. Files state them, or factors for the axes that they name.
Shape resized_shape(OnnxCall& call, const Shape& from) {
  const bool old = call.opset() < 11;  // the factors are the second input, or an attribute
  const bool by_sizes = !old && call.has(3) && !call.constant(3).values.empty();
  const std::string policy = call.text("keep_aspect_ratio_policy", "stretch");
  if (by_sizes && policy != "stretch") fail("has the policy '{}' for its sizes", policy);
  const auto factors = [&] {
    return call.opset() < 9 ? call.reals("scales") : call.constant(old ? 1 : 2).values;
  };
  const std::vector<double> numbers = by_sizes ? call.constant(3).values : factors();
  Values axes(from.size());
  std::iota(axes.begin(), axes.end(), 0);
  axes = call.integers("axes", axes);
  if (numbers.size() != axes.size())
    fail("has {} numbers for {} axes", numbers.size(), axes.size());
  Shape shape = from;
  for (size_t i = 0; i < axes.size(); ++i) {
    int64_t& side = shape[axis_of(axes[i], from.size())];
    // The grid of pixels follows the factor, not the sides.
    if (!by_sizes && std::abs(numbers[i] - std::round(numbers[i])) > 1e-5)
      fail("enlarges by {:.4g}; octet takes whole factors", numbers[i]);
    constexpr double kMost = 1e6;
    const double wanted =
        by_sizes ? numbers[i] : static_cast<double>(side) * std::round(numbers[i]);
    side = static_cast<int64_t>(std::clamp(wanted, 0.0, kMost));
  }
  return shape;
}

// Whether the nearest pixel is that of whole blocks.
bool repeats_pixels(const std::string& grid, const std::string& rounding, bool doubles) {
  if (grid == "asymmetric")
    return rounding == "floor" || (rounding == "round_prefer_floor" && doubles);
  if (grid == "tf_half_pixel_for_nn") return rounding == "floor";
  return (grid.starts_with("half_pixel") || grid == "pytorch_half_pixel") &&
         rounding.starts_with("round");
}

void read_resize(OnnxCall& call) {
  const Computed& x = call.computed(0);
  const bool old = call.opset() < 11;
  const Shape shape = resized_shape(call, x.shape);
  const std::string mode = call.text("mode", "nearest");
  const std::string grid =
      old ? "asymmetric" : call.text("coordinate_transformation_mode", "half_pixel");
  if (mode == "nearest") {
    const std::string rounding = old ? "floor" : call.text("nearest_mode", "round_prefer_floor");
    if (!repeats_pixels(grid, rounding, element_count(shape) == 4 * element_count(x.shape)))
      fail("repeats pixels by '{}' and '{}', which octet does not", grid, rounding);
    return call.make(add_resize(call.draft(), call.name(), x, shape, true, PixelGrid::kHalfPixel));
  }
  if (mode != "linear" && mode != "bilinear")
    fail("has the mode '{}'; octet has nearest and linear", mode);
  const bool half = grid.starts_with("half_pixel") || grid == "pytorch_half_pixel";
  call.make(add_resize(call.draft(), call.name(), x, shape, false,
                       half ? PixelGrid::kHalfPixel : parse_grid(grid)));
}

struct Row {
  std::string_view type;
  OnnxOperator read;
};
constexpr std::array kRows = {
    Row{"Conv", read_conv},
    Row{"ConvTranspose", read_transposed_conv},
    Row{"MaxPool", read_max_pool},
    Row{"AveragePool", read_average_pool},
    Row{"GlobalAveragePool", read_global_average_pool},
    Row{"GlobalMaxPool", read_global_max_pool},
    Row{"Resize", read_resize},
    Row{"Upsample", read_resize},
};

}  // namespace

OnnxOperator find_onnx_window(std::string_view type) {
  const auto* const row =
      std::find_if(kRows.begin(), kRows.end(), [&](const Row& r) { return r.type == type; });
  return row == kRows.end() ? find_onnx_move(type) : row->read;
}

}  // namespace octet
