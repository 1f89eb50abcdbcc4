#include "format/import/layers.h"

#include <fmt/ranges.h>

#include <algorithm>
#include <cmath>
#include <limits>
#include <optional>
#include <utility>

#include "core/error.h"

namespace octet {
namespace {

constexpr int kChannelAxis = 1;

std::vector<float> narrowed(const std::vector<double>& values) {
  std::vector<float> out;
  out.reserve(values.size());
  for (const double v : values) out.push_back(static_cast<float>(v));
  return out;
}

// The row-major places of the numbers (C, H, W) in the file's memory.
std::vector<int64_t> places(const Draft& draft, const Computed& x) {
  const Shape& sides = draft.nchw(x);
  Shape step(4, 0);
  int64_t next = 1;
  for (size_t i = 4; i-- > 0;) {
    const auto axis = static_cast<size_t>(x.order[i]);
    step[axis] = next;
    next *= sides[axis];
  }
  std::vector<int64_t> list;
  for (int64_t c = 0; c < sides[1]; ++c)
    for (int64_t h = 0; h < sides[2]; ++h)
      for (int64_t w = 0; w < sides[3]; ++w)
        list.push_back(c * step[1] + h * step[2] + w * step[3]);
  return list;
}

// Whether the last axis of the file is that of the channels.
bool ends_with_channels(const Draft& draft, const Computed& x) {
  const Shape& sides = draft.nchw(x);
  bool channels = false;
  const std::vector<std::vector<int>> joined = draft.joined_axes(x);
  for (const int axis : joined.back()) {
    if (sides[static_cast<size_t>(axis)] > 1 && axis != kChannelAxis) return false;
    channels = channels || axis == kChannelAxis;
  }
  return channels;
}

Shape with_last(Shape shape, int64_t side) {
  shape.back() = side;
  return shape;
}

}  // namespace

size_t axis_of(int64_t axis, size_t rank) {
  const auto count = static_cast<int64_t>(rank);
  if (axis < -count || axis >= count) fail("names the axis {} of {}", axis, rank);
  return static_cast<size_t>(axis < 0 ? axis + count : axis);
}

Computed add_convolution(Draft& draft, const std::string& name, const Computed& x, Conv2d conv) {
  draft.require_image(x);
  return draft.add(name, std::move(conv), {x});
}

Computed add_dense(Draft& draft, const std::string& name, const Computed& x, const Dense& dense) {
  const Shape& sides = draft.nchw(x);
  const auto outputs = static_cast<size_t>(dense.outputs);
  const auto inputs = static_cast<size_t>(dense.inputs);
  if (dense.outputs < 1 || dense.weight.size() != outputs * inputs)
    fail("has {} weights for {} outputs of {} inputs", dense.weight.size(), outputs, inputs);
  Conv2d conv{.weight = {{dense.outputs, sides[1], 1, 1}, {}}, .bias = {}};
  if (!dense.bias.empty()) conv.bias = {{dense.outputs}, narrowed(dense.bias)};
  const bool pixels = sides[1] == dense.inputs && !x.shape.empty() &&
                      x.shape.back() == dense.inputs && ends_with_channels(draft, x);
  if (pixels) {
    conv.weight.values = narrowed(dense.weight);
    const Computed made = draft.add(name, std::move(conv), {x});
    return {made.value, with_last(x.shape, dense.outputs), x.order};
  }
  if (element_count(x.shape) != dense.inputs)
    fail("reads {} numbers of ({}); octet reads all of them, or the channels of each pixel", inputs,
         fmt::join(x.shape, ", "));
  draft.require_whole(x);
  conv.weight.shape = {dense.outputs, sides[1], sides[2], sides[3]};
  const std::vector<int64_t> order = places(draft, x);
  for (size_t o = 0; o < outputs; ++o) {
    for (const int64_t at : order)
      conv.weight.values.push_back(
          static_cast<float>(dense.weight[o * inputs + static_cast<size_t>(at)]));
  }
  const Computed made = draft.add(name, std::move(conv), {x});
  const bool row = x.shape.back() == dense.inputs;
  return {made.value, row ? with_last(x.shape, dense.outputs) : Shape{1, dense.outputs},
          made.order};
}

Affine uniform(const Draft& draft, const Computed& x, double scale, double shift) {
  const auto channels = static_cast<size_t>(draft.nchw(x)[1]);
  draft.take_numbers(draft.nchw(x)[1]);
  return {std::vector<double>(channels, scale), std::vector<double>(channels, shift)};
}

Computed add_affine(Draft& draft, const std::string& name, const Computed& x,
                    const Affine& affine) {
  const auto channels = static_cast<int64_t>(affine.scale.size());
  return draft.add_like_input(name,
                              Conv2d{.groups = static_cast<int>(channels),
                                     .weight = {{channels, 1, 1, 1}, narrowed(affine.scale)},
                                     .bias = {{channels}, narrowed(affine.shift)}},
                              {x});
}

std::vector<double> channel_values(const Draft& draft, const Computed& x,
                                   const Constant& constant) {
  const auto channels = static_cast<size_t>(draft.nchw(x)[1]);
  draft.take_numbers(draft.nchw(x)[1]);
  const size_t rank = constant.shape.size();
  if (constant.values.size() == 1 && rank <= x.shape.size())
    return std::vector<double>(channels, constant.values[0]);
  const std::vector<int> axes = draft.axes(x);
  for (size_t i = 0; i < rank && rank <= axes.size(); ++i) {
    const bool channel = axes[axes.size() - rank + i] == kChannelAxis;
    if (channel && constant.values.size() == channels &&
        constant.shape[i] == static_cast<int64_t>(channels))
      return constant.values;
  }
  fail("has a constant ({}), which is not one number for each channel",
       fmt::join(constant.shape, ", "));
}

Computed add_arithmetic(Draft& draft, const std::string& name, Arithmetic kind, const Computed& a,
                        const Constant& b) {
  const std::vector<double> numbers = channel_values(draft, a, b);
  Affine affine = uniform(draft, a, 1, 0);
  for (size_t c = 0; c < numbers.size(); ++c) {
    if (kind == Arithmetic::kAdd) affine.shift[c] = numbers[c];
    if (kind == Arithmetic::kSubtract) affine.shift[c] = -numbers[c];
    if (kind == Arithmetic::kMultiply) affine.scale[c] = numbers[c];
    if (kind == Arithmetic::kDivide) affine.scale[c] = 1 / numbers[c];
  }
  return add_affine(draft, name, a, affine);
}

Computed subtract_from(Draft& draft, const std::string& name, const Constant& a,
                       const Computed& b) {
  Affine affine = uniform(draft, b, -1, 0);
  affine.shift = channel_values(draft, b, a);
  return add_affine(draft, name, b, affine);
}

namespace {

// The value without its repetition.
Computed once(Computed x) {
  if (!x.repeated_from.empty()) x.shape = std::exchange(x.repeated_from, {});
  return x;
}

// Whether `factor` is one number a channel for `x`, on the same axis of the file.
bool is_channel_factor(const Draft& draft, const Computed& x, const Computed& factor) {
  const Shape& sides = draft.nchw(x);
  if (draft.nchw(factor) != Shape{1, sides[1], 1, 1} || factor.shape.size() != x.shape.size() ||
      !x.repeated_from.empty())
    return false;
  const bool repeats = !factor.repeated_from.empty();
  if (repeats && factor.shape != x.shape) return false;
  const Shape& own = repeats ? factor.repeated_from : factor.shape;
  const std::vector<int> axes = draft.axes(x);
  for (size_t i = 0; i < axes.size(); ++i) {
    if (own[i] != 1 && axes[i] != kChannelAxis) return false;
  }
  return true;
}

}  // namespace

Computed add_arithmetic(Draft& draft, const std::string& name, Arithmetic kind, const Computed& a,
                        const Computed& b) {
  if (kind == Arithmetic::kDivide) fail("divides by a value; octet divides by constants only");
  if (kind == Arithmetic::kMultiply) {
    if (is_channel_factor(draft, a, b)) return draft.add_like_input(name, Mul{}, {a, once(b)});
    if (is_channel_factor(draft, b, a)) return draft.add_like_input(name, Mul{}, {b, once(a)});
    if (draft.same_order(a, b)) return draft.add_like_input(name, Mul{}, {a, b});
  }
  for (const Computed& x : {a, b}) draft.require_whole(x);
  if (!draft.same_order(a, b))
    fail("joins ({}) and ({}); octet takes values of the same shape, or one factor a channel",
         fmt::join(a.shape, ", "), fmt::join(b.shape, ", "));
  if (kind == Arithmetic::kAdd) return draft.add_like_input(name, Add{}, {a, b});
  const Computed minus = add_affine(draft, name + ".minus", b, uniform(draft, b, -1, 0));
  return draft.add_like_input(name, Add{}, {a, minus});
}

Computed add_prelu(Draft& draft, const std::string& name, const Computed& x,
                   const Constant& slope) {
  const std::vector<double> numbers = channel_values(draft, x, slope);
  const auto channels = static_cast<int64_t>(numbers.size());
  return draft.add_like_input(name, Prelu{.slope = {{channels}, narrowed(numbers)}}, {x});
}

namespace {

// The first of the two neighbours that the order exchanges; nothing for other orders.
std::optional<size_t> exchanged(const std::vector<int64_t>& order) {
  std::optional<size_t> first;
  for (size_t i = 0; i < order.size(); ++i) {
    const auto at = static_cast<size_t>(order[i]);
    if (at == i || (first && at == *first && i == *first + 1)) continue;
    if (first || at != i + 1) return std::nullopt;
    first = i;
  }
  return first;
}

// The groups of channels that the order exchanges with their members; 0 for other orders.
int64_t shuffled_groups(const Draft& draft, const Computed& x, const std::vector<int64_t>& order) {
  const auto at = order.size() == x.shape.size() ? exchanged(order) : std::nullopt;
  if (!at) return 0;
  const Shape& sides = draft.nchw(x);
  const int64_t groups = x.shape[*at];
  const int64_t members = x.shape[*at + 1];
  int64_t before = 1;
  for (size_t i = 0; i < *at; ++i) before *= x.shape[i];
  const std::vector<int> axes = long_axes(x.order, sides);
  const bool first = axes == long_axes(kChannelsFirst, sides) && before == 1;
  const bool last = axes == long_axes(kChannelsLast, sides) && before == sides[2] * sides[3];
  const bool channels = groups > 1 && members > 1 && groups * members == sides[1];
  return channels && (first || last) ? groups : 0;
}

}  // namespace

Computed add_transpose(Draft& draft, const std::string& name, const Computed& x,
                       const std::vector<int64_t>& order) {
  const int64_t groups = shuffled_groups(draft, x, order);
  if (groups == 0) return draft.transposed(x, order);
  const Computed made = draft.add(name, ChannelShuffle{static_cast<int>(groups)}, {x});
  Shape shape;
  for (const int64_t axis : order) shape.push_back(x.shape[static_cast<size_t>(axis)]);
  return {made.value, shape, x.order};
}

Computed add_concat(Draft& draft, const std::string& name, const std::vector<Computed>& parts,
                    int64_t axis) {
  constexpr size_t kMostParts = 1000;
  if (parts.empty() || parts.size() > kMostParts)
    fail("joins {} values; 1 to {} are possible", parts.size(), kMostParts);
  if (parts.size() == 1) return parts[0];
  const size_t at = axis_of(axis, parts[0].shape.size());
  const std::vector<int> axes = draft.axes(parts[0]);
  Shape shape = parts[0].shape;
  shape[at] = 0;
  for (const Computed& part : parts) {
    if (draft.axes(part) != axes || axes[at] != kChannelAxis)
      fail("joins along the axis {} of ({}); octet joins channels only", axis,
           fmt::join(part.shape, ", "));
    shape[at] += part.shape[at];
  }
  const Computed made = draft.add(name, Concat{}, parts);
  return {made.value, shape, parts[0].order};
}

Computed add_slice(Draft& draft, const std::string& name, const Computed& x, Span span) {
  const size_t at = axis_of(span.axis, x.shape.size());
  const int64_t side = x.shape[at];
  const auto place = [&](int64_t i) { return std::clamp<int64_t>(i < 0 ? i + side : i, 0, side); };
  const int64_t begin = place(span.begin);
  const int64_t end = place(span.end);
  if (begin == 0 && end == side) return x;
  if (end <= begin || draft.axes(x)[at] != kChannelAxis)
    fail("takes {}..{} of the axis {} of ({}); octet takes channels only", begin, end, span.axis,
         fmt::join(x.shape, ", "));
  const Computed made =
      draft.add(name, Slice{.begin = static_cast<int>(begin), .end = static_cast<int>(end)}, {x});
  Shape shape = x.shape;
  shape[at] = end - begin;
  return {made.value, shape, x.order};
}

Computed add_gather(Draft& draft, const std::string& name, const Computed& x, int64_t axis,
                    const std::vector<int64_t>& indices) {
  const size_t at = axis_of(axis, x.shape.size());
  const int64_t side = x.shape[at];
  if (side == 1 && indices.size() == 1 && (indices[0] == 0 || indices[0] == -1)) return x;
  constexpr size_t kMostIndices = 4096;
  if (indices.empty() || indices.size() > kMostIndices || draft.axes(x)[at] != kChannelAxis)
    fail("takes {} elements of the axis {} of ({}); octet takes channels only", indices.size(),
         axis, fmt::join(x.shape, ", "));
  bool in_row = true;
  for (size_t i = 0; i < indices.size(); ++i) {
    if (indices[i] < -side || indices[i] >= side)
      fail("takes the element {} of {}", indices[i], side);
    in_row = in_row && (indices[i] + side) % side == (indices[0] + side) % side + int64_t(i);
  }
  const int64_t first = (indices[0] + side) % side;
  const auto count = static_cast<int64_t>(indices.size());
  if (in_row) return add_slice(draft, name, x, {axis, first, first + count});
  draft.take_numbers(count * side);
  Conv2d conv{.weight = {{count, side, 1, 1}, {}}, .bias = {}};
  conv.weight.values.resize(static_cast<size_t>(count * side));
  for (size_t i = 0; i < indices.size(); ++i)
    conv.weight
        .values[i * static_cast<size_t>(side) + static_cast<size_t>((indices[i] + side) % side)] =
        1;
  const Computed made = draft.add(name, std::move(conv), {x});
  Shape shape = x.shape;
  shape[at] = count;
  return {made.value, shape, x.order};
}

Computed add_pad(Draft& draft, const std::string& name, const Computed& x,
                 const std::vector<int64_t>& amounts, double value) {
  constexpr int64_t kMost = 4096;
  const size_t rank = x.shape.size();
  const std::vector<int> axes = draft.axes(x);
  if (amounts.size() != 2 * rank) fail("has {} paddings for {} axes", amounts.size(), rank);
  if (std::isnan(value)) fail("adds pixels that are not a number");
  constexpr double kLargest = std::numeric_limits<float>::max();
  Pad pad{.padding = {},
          .channels = 0,
          .value = static_cast<float>(std::clamp(value, -kLargest, kLargest))};
  Shape shape = x.shape;
  for (size_t i = 0; i < rank; ++i) {
    const int64_t before = amounts[i];
    const int64_t after = amounts[rank + i];
    if (before == 0 && after == 0) continue;
    if (before < 0 || after < 0 || std::max(before, after) > kMost || axes[i] < 1 ||
        (axes[i] == kChannelAxis && before > 0))
      fail("adds {} and {} to the axis {} of ({}), which octet does not do", before, after, i,
           fmt::join(x.shape, ", "));
    shape[i] += before + after;
    if (axes[i] == kChannelAxis) pad.channels = static_cast<int>(after);
    (axes[i] == 2   ? pad.padding.top
     : axes[i] == 3 ? pad.padding.left
                    : pad.channels) += static_cast<int>(before);
    if (axes[i] == 2) pad.padding.bottom = static_cast<int>(after);
    if (axes[i] == 3) pad.padding.right = static_cast<int>(after);
  }
  if (shape == x.shape) return x;
  const Computed made = draft.add(name, pad, {x});
  return {made.value, shape, x.order};
}

}  // namespace octet
