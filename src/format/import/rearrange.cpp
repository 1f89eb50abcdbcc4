// Transposed convolutions, blocks of channels as pixels, and repeated pixels.
#include <fmt/ranges.h>

#include <algorithm>
#include <utility>

#include "core/error.h"
#include "format/import/layers.h"

namespace octet {
namespace {

// Weights (I, O / groups, H, W) as (I, O, H, W), with zeros between the groups.
void join_groups(Draft& draft, Tensor& weight, int64_t groups) {
  const Shape s = weight.shape;
  if (groups < 1 || s[0] % groups != 0)
    fail("has weights for {} channels in {} groups", s[0], groups);
  if (groups == 1) return;
  draft.take_numbers(s[0] * s[1] * groups * s[2] * s[3]);
  const auto each = static_cast<size_t>(s[1] * s[2] * s[3]);  // of an input
  const auto members = static_cast<size_t>(s[0] / groups);
  Tensor whole{.shape = {s[0], s[1] * groups, s[2], s[3]}, .values = {}};
  whole.values.resize(weight.values.size() * static_cast<size_t>(groups));
  for (size_t i = 0; i < static_cast<size_t>(s[0]); ++i)
    std::copy_n(weight.values.begin() + static_cast<std::ptrdiff_t>(i * each), each,
                whole.values.begin() + static_cast<std::ptrdiff_t>(
                                           (i * static_cast<size_t>(groups) + i / members) * each));
  weight = std::move(whole);
}

// Kernels with `rows` and `columns` of zeros behind them.
void widen_kernels(Draft& draft, Tensor& weight, int64_t rows, int64_t columns) {
  const Shape s = weight.shape;
  Tensor wide{.shape = {s[0], s[1], s[2] + rows, s[3] + columns}, .values = {}};
  draft.take_numbers(element_count(wide.shape));
  wide.values.reserve(static_cast<size_t>(element_count(wide.shape)));
  for (int64_t k = 0; k < s[0] * s[1]; ++k) {
    for (int64_t y = 0; y < s[2] + rows; ++y)
      for (int64_t x = 0; x < s[3] + columns; ++x)
        wide.values.push_back(y < s[2] && x < s[3]
                                  ? weight.values[static_cast<size_t>((k * s[2] + y) * s[3] + x)]
                                  : 0.0F);
  }
  weight = std::move(wide);
}

// The channels of an image in blocks of block × block pixels. Fails where they do not fit.
int64_t block_size(Draft& draft, const Computed& x, int64_t block) {
  constexpr int64_t kMost = 64;
  draft.require_image(x);
  if (block < 1 || block > kMost) fail("has blocks of {}", block);
  return block * block;
}

// A side of a value, and how long the file repeats it to.
struct RepeatedSide {
  int64_t own = 1, whole = 1;
};

// The sides of `x` joined to those of a shape. Behind a side that is repeated only single elements
// may follow, as each element is repeated in place.
std::vector<RepeatedSide> joined_sides(const Computed& x, const Shape& shape) {
  std::vector<RepeatedSide> joined;
  size_t next = 0;
  const auto take = [&](RepeatedSide& side) {
    const int64_t own = x.repeated_from[next];
    if (side.own != side.whole && own != 1)
      fail("joins ({}), which repeats ({}), to ({})", fmt::join(x.shape, ", "),
           fmt::join(x.repeated_from, ", "), fmt::join(shape, ", "));
    side.own *= own;
    side.whole *= x.shape[next++];
  };
  for (const int64_t wanted : shape) {
    RepeatedSide& side = joined.emplace_back();
    while (side.whole < wanted && next < x.shape.size()) take(side);
    if (side.whole != wanted)
      fail("cannot make ({}) of ({})", fmt::join(shape, ", "), fmt::join(x.shape, ", "));
  }
  while (next < x.shape.size() && x.shape[next] == 1) ++next;
  if (next < x.shape.size())
    fail("cannot make ({}) of ({})", fmt::join(shape, ", "), fmt::join(x.shape, ", "));
  return joined;
}

}  // namespace

Computed repeated(const Draft& draft, const Computed& x, const std::vector<int64_t>& shape) {
  const Shape from = x.shape;
  Shape to = shape;
  if (from.size() != to.size()) {
    if (element_count(from) == element_count(to)) return draft.reshaped(x, to);
    fail("repeats ({}) to ({}), with other axes", fmt::join(from, ", "), fmt::join(to, ", "));
  }
  for (size_t i = 0; i < to.size(); ++i) {
    if (to[i] == 1) to[i] = from[i];
    if (to[i] != from[i] && (from[i] != 1 || to[i] < 1))
      fail("repeats ({}) to ({})", fmt::join(from, ", "), fmt::join(shape, ", "));
  }
  constexpr double kMostElements = 1e9;
  double count = 1;
  for (const int64_t side : to) count *= static_cast<double>(side);
  if (count > kMostElements)
    fail("repeats ({}) to ({})", fmt::join(from, ", "), fmt::join(to, ", "));
  if (to == from) return x;
  return {x.value, to, x.order, x.repeated_from.empty() ? from : x.repeated_from};
}

Computed add_reshape(Draft& draft, const std::string& name, const Computed& x, const Shape& shape) {
  if (x.repeated_from.empty()) return draft.reshaped(x, shape);
  Computed out{x.value, shape, x.order, {}};
  Computed own{x.value, {}, x.order, {}};
  for (const RepeatedSide& side : joined_sides(x, shape)) own.shape.push_back(side.own);
  out.repeated_from = own.shape;
  const std::vector<int> axes = draft.axes(own);
  int64_t rows = 1;
  int64_t columns = 1;
  for (size_t i = 0; i < shape.size(); ++i) {
    const int64_t factor = shape[i] / own.shape[i];
    if (axes[i] == 2) rows = factor;
    if (axes[i] == 3) columns = factor;
    if (axes[i] < 2 && factor > 1) return out;
  }
  if (rows != columns) return out;
  const Computed made = draft.add(name, ResizeNearest{static_cast<int>(rows)}, {own});
  return {made.value, shape, x.order, {}};
}

Computed add_transposed_convolution(Draft& draft, const std::string& name, const Computed& x,
                                    TransposedConv2d conv, int64_t groups) {
  draft.require_image(x);
  if (conv.weight.shape.size() != 4)
    fail("has weights of {} axes; an image needs 4", conv.weight.shape.size());
  join_groups(draft, conv.weight, groups);
  const int rows = std::max(0, -conv.padding.bottom);
  const int columns = std::max(0, -conv.padding.right);
  if (rows + columns > 0) widen_kernels(draft, conv.weight, rows, columns);
  conv.padding.bottom += rows;
  conv.padding.right += columns;
  return draft.add(name, std::move(conv), {x});
}

Computed add_depth_to_space(Draft& draft, const std::string& name, const Computed& x, int64_t block,
                            BlockOrder order) {
  const int64_t pixels = block_size(draft, x, block);
  const int64_t inputs = draft.nchw(x)[1];
  if (inputs % pixels != 0) fail("makes blocks of {} pixels of {} channels", pixels, inputs);
  const int64_t outputs = inputs / pixels;
  draft.take_numbers(inputs * inputs);
  TransposedConv2d conv{.stride = static_cast<int>(block),
                        .padding = {},
                        .weight = {{inputs, outputs, block, block}, {}},
                        .bias = {}};
  conv.weight.values.resize(static_cast<size_t>(inputs * inputs));
  for (int64_t i = 0; i < inputs; ++i) {
    const bool first = order == BlockOrder::kByPixel;
    const int64_t channel = first ? i % outputs : i / pixels;
    const int64_t pixel = first ? i / outputs : i % pixels;
    conv.weight.values[static_cast<size_t>((i * outputs + channel) * pixels + pixel)] = 1;
  }
  return draft.add(name, std::move(conv), {x});
}

Computed add_space_to_depth(Draft& draft, const std::string& name, const Computed& x,
                            int64_t block) {
  const int64_t pixels = block_size(draft, x, block);
  const Shape& sides = draft.nchw(x);
  const int64_t channels = sides[1];
  if (sides[2] % block != 0 || sides[3] % block != 0)
    fail("makes blocks of {} of an image ({})", block, fmt::join(x.shape, ", "));
  draft.take_numbers(channels * channels * pixels * pixels);
  Conv2d conv{.stride = static_cast<int>(block),
              .padding = {},
              .weight = {{channels * pixels, channels, block, block}, {}},
              .bias = {}};
  conv.weight.values.resize(static_cast<size_t>(channels * channels * pixels * pixels));
  for (int64_t o = 0; o < channels * pixels; ++o)
    conv.weight.values[static_cast<size_t>((o * channels + o % channels) * pixels + o / channels)] =
        1;
  return draft.add(name, std::move(conv), {x});
}

}  // namespace octet
