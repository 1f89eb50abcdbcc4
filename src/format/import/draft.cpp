#include "format/import/draft.h"

#include <fmt/ranges.h>

#include <algorithm>
#include <cctype>
#include <utility>

#include "core/error.h"

namespace octet {
namespace {

constexpr size_t kMaxName = 100;
constexpr size_t kNodeBytes = 2048;                 // of a node and what is kept about it
constexpr int64_t kMaxElements = int64_t{1} << 28;  // of a value

}  // namespace

std::string plain_name(const std::string& name) {
  std::string out = name.substr(0, kMaxName);
  for (char& c : out) {
    const bool plain = std::isalnum(static_cast<unsigned char>(c)) != 0 || c == '_' || c == '.' ||
                       c == '/' || c == ':' || c == '-';
    if (!plain) c = '_';
  }
  return out.empty() ? "value" : out;
}

std::vector<int> long_axes(const AxisOrder& order, const Shape& sides) {
  std::vector<int> list;
  for (const int axis : order)
    if (sides[static_cast<size_t>(axis)] > 1) list.push_back(axis);
  return list;
}

Draft::Draft(Budget& budget, Size size, AxisOrder layout, std::set<std::string> reserved)
    : budget_(budget), layout_(layout), names_(std::move(reserved)) {
  graph_.size = size;
  shapes_[graph_.input] = {1, 3, size.height, size.width};
  names_.insert({graph_.input, kOnesNode});
}

void Draft::note(std::string text) {
  budget_.take(sizeof(std::string) + text.size());
  notes_.push_back(std::move(text));
}

void Draft::take_numbers(int64_t count) const {
  budget_.take(static_cast<size_t>(count), 4 * sizeof(double));
}

Computed Draft::image(const Shape& shape) const {
  const bool last = shape.size() == 4 && shape[3] == 3;
  return {graph_.input, shape, last ? kChannelsLast : kChannelsFirst};
}

std::string Draft::unique_name(const std::string& name) {
  const std::string plain = plain_name(name);
  std::string unique = plain;
  while (!names_.insert(unique).second) unique = fmt::format("{}.{}", plain, ++repeated_[plain]);
  return unique;
}

Computed Draft::add(const std::string& name, Operator op, const std::vector<Computed>& inputs) {
  budget_.take(kNodeBytes);
  for (const auto& [part, tensor] : parameters(std::as_const(op)))
    budget_.take(tensor->values.size(), sizeof(float));
  Node node{.name = unique_name(name), .op = std::move(op), .inputs = {}};
  std::vector<Shape> shapes;
  for (const Computed& x : inputs) {
    require_whole(x);
    node.inputs.push_back(x.value);
    shapes.push_back(nchw(x));
  }
  const Shape made = output_shape(node.op, node.name, shapes);
  int64_t count = 1;
  for (const int64_t side : made) {
    if (side < 1 || side > kMaxElements / count)
      fail("its result ({}) is of no usable size", fmt::join(made, ", "));
    count *= side;
  }
  shapes_[node.name] = made;
  Computed out{node.name, {}, layout_};
  for (const int axis : layout_) out.shape.push_back(made[static_cast<size_t>(axis)]);
  graph_.nodes.push_back(std::move(node));
  return out;
}

Computed Draft::add_like_input(const std::string& name, Operator op,
                               const std::vector<Computed>& inputs) {
  const Computed made = add(name, std::move(op), inputs);
  return {made.value, inputs.front().shape, inputs.front().order};
}

std::vector<int> Draft::axes(const Computed& x) const {
  const Shape& sides = nchw(x);
  std::vector<int> axes(x.shape.size(), -1);
  std::array<bool, 4> used{};
  const auto take = [&](size_t i, int axis) {
    axes[i] = axis;
    used[static_cast<size_t>(axis)] = true;
  };
  size_t next = 0;  // in the order
  for (size_t i = 0; i < x.shape.size(); ++i) {
    if (x.shape[i] == 1) continue;
    while (next < 4 && sides[static_cast<size_t>(x.order[next])] == 1) ++next;
    if (next == 4 || sides[static_cast<size_t>(x.order[next])] != x.shape[i])
      fail("reads ({}), which groups the axes of an image otherwise", fmt::join(x.shape, ", "));
    take(i, x.order[next++]);
  }
  // Axes of one element may be any of one element; first those in their usual place.
  const auto free = [&](int axis) {
    return !used[static_cast<size_t>(axis)] && sides[static_cast<size_t>(axis)] == 1;
  };
  for (size_t i = 0; i < axes.size() && i < 4; ++i) {
    const int usual = axes.size() == 4 ? layout_[i] : static_cast<int>(i);
    if (axes[i] < 0 && free(usual)) take(i, usual);
  }
  for (size_t i = 0; i < axes.size(); ++i) {
    for (int axis = 0; axis < 4 && axes[i] < 0; ++axis)
      if (free(axis)) take(i, axis);
  }
  return axes;
}

void Draft::require_whole(const Computed& x) const {
  if (!x.repeated_from.empty())
    fail("reads ({}), which repeats ({}); octet takes that as a factor of each channel only",
         fmt::join(x.shape, ", "), fmt::join(x.repeated_from, ", "));
}

void Draft::require_image(const Computed& x) const {
  const std::vector<int> found = axes(x);
  if (!std::equal(found.begin(), found.end(), layout_.begin(), layout_.end()))
    fail("reads ({}), which is not an image in the layout of such files", fmt::join(x.shape, ", "));
}

bool Draft::same_order(const Computed& a, const Computed& b) const {
  return a.shape == b.shape && nchw(a) == nchw(b) && axes(a) == axes(b);
}

Computed Draft::reshaped(const Computed& x, Shape shape) const {
  require_whole(x);
  int64_t left = element_count(x.shape);
  for (const int64_t side : shape) {
    if (side < 1 || left % side != 0)
      fail("cannot make ({}) of ({})", fmt::join(shape, ", "), fmt::join(x.shape, ", "));
    left /= side;
  }
  if (left != 1) fail("cannot make ({}) of ({})", fmt::join(shape, ", "), fmt::join(x.shape, ", "));
  return {x.value, std::move(shape), x.order};
}

std::vector<std::vector<int>> Draft::joined_axes(const Computed& x) const {
  const Shape& sides = nchw(x);
  std::vector<std::vector<int>> joined;
  size_t next = 0;  // in the order
  for (const int64_t side : x.shape) {
    std::vector<int>& axes = joined.emplace_back();
    int64_t found = 1;
    for (; found < side && next < x.order.size(); ++next) {
      found *= sides[static_cast<size_t>(x.order[next])];
      axes.push_back(x.order[next]);
    }
    if (found != side)
      fail("reads ({}), which divides an axis of an image", fmt::join(x.shape, ", "));
  }
  return joined;
}

Computed Draft::transposed(const Computed& x, const std::vector<int64_t>& order) const {
  require_whole(x);
  const std::vector<std::vector<int>> from = joined_axes(x);
  Computed out{x.value, {}, {}};
  std::vector<int> list;
  std::set<int64_t> used;
  for (const int64_t axis : order) {
    if (axis < 0 || axis >= static_cast<int64_t>(from.size()) || order.size() != from.size() ||
        !used.insert(axis).second)
      fail("has the order ({}) for {} axes", fmt::join(order, ", "), from.size());
    const auto at = static_cast<size_t>(axis);
    out.shape.push_back(x.shape[at]);
    list.insert(list.end(), from[at].begin(), from[at].end());
  }
  for (int axis = 0; axis < 4; ++axis)
    if (std::find(list.begin(), list.end(), axis) == list.end()) list.push_back(axis);
  std::copy_n(list.begin(), 4, out.order.begin());
  return out;
}

}  // namespace octet
