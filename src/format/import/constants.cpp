#include "format/import/constants.h"

#include <fmt/ranges.h>

#include <algorithm>
#include <cmath>
#include <utility>

#include "core/error.h"
#include "format/import/layers.h"

namespace octet {
namespace {

// The numbers from one index of an axis to the next, and before the axis.
struct Strides {
  int64_t outer = 1, side = 1, inner = 1;
};
Strides strides_of(const Shape& shape, size_t axis) {
  Strides s;
  for (size_t i = 0; i < shape.size(); ++i)
    (i < axis ? s.outer : i == axis ? s.side : s.inner) *= shape[i];
  return s;
}

int64_t count_of(const Shape& shape) { return element_count(shape); }

Shape broadcast_shape(Shape a, Shape b) {
  if (a.size() < b.size()) std::swap(a, b);
  b.insert(b.begin(), a.size() - b.size(), 1);
  for (size_t i = 0; i < a.size(); ++i) {
    if (a[i] != b[i] && a[i] != 1 && b[i] != 1)
      fail("joins constants ({}) and ({})", fmt::join(a, ", "), fmt::join(b, ", "));
    a[i] = a[i] == 1 ? b[i] : a[i];
  }
  return a;
}

// The place in `from` of the number `at` of `to`, which it is broadcast to.
int64_t source_of(int64_t at, const Shape& to, const Shape& from) {
  int64_t place = 0;
  int64_t step = 1;
  for (size_t i = 0; i < from.size(); ++i) {
    const int64_t side = to[to.size() - 1 - i];
    const int64_t own = from[from.size() - 1 - i];
    place += own == 1 ? 0 : at % side * step;
    step *= own;
    at /= side;
  }
  return place;
}

}  // namespace

Constant constant_of(const std::vector<int64_t>& values) {
  return {{static_cast<int64_t>(values.size())}, {values.begin(), values.end()}, true};
}

std::vector<int64_t> whole_numbers(const Constant& constant) {
  constexpr double kMost = 9e15;
  std::vector<int64_t> out;
  for (const double v : constant.values) {
    if (!(std::abs(v) < 1e300)) fail("needs whole numbers, and has {}", v);
    out.push_back(static_cast<int64_t>(std::clamp(v, -kMost, kMost)));
  }
  return out;
}

Constant as_integers(Constant a) {
  a = mapped(std::move(a), [](double v) { return std::trunc(v); });
  a.integers = true;
  a.bytes = false;
  return a;
}

Constant as_reals(Constant a) {
  a.integers = a.bytes = false;
  return a;
}

Tensor narrowed(const Constant& constant) {
  Tensor out{.shape = constant.shape, .values = {}};
  out.values.reserve(constant.values.size());
  for (const double v : constant.values) out.values.push_back(static_cast<float>(v));
  return out;
}

Constant broadcast(const Constant& a, const Constant& b, Budget& budget,
                   const std::function<double(double, double)>& function) {
  Constant out{broadcast_shape(a.shape, b.shape), {}, a.integers && b.integers};
  double count = 1;
  for (const int64_t side : out.shape) count *= static_cast<double>(side);
  budget.take(static_cast<size_t>(std::min(count, 1e15)), 2 * sizeof(double));
  for (int64_t i = 0; i < count_of(out.shape); ++i)
    out.values.push_back(function(a.values[static_cast<size_t>(source_of(i, out.shape, a.shape))],
                                  b.values[static_cast<size_t>(source_of(i, out.shape, b.shape))]));
  return out;
}

Constant mapped(Constant a, const std::function<double(double)>& function) {
  for (double& v : a.values) v = function(v);
  return a;
}

Constant reshaped(Constant a, Shape shape) {
  if (count_of(shape) != static_cast<int64_t>(a.values.size()))
    fail("cannot make ({}) of a constant ({})", fmt::join(shape, ", "), fmt::join(a.shape, ", "));
  a.shape = std::move(shape);
  return a;
}

Constant transposed(const Constant& a, const std::vector<int64_t>& order, Budget& budget) {
  const size_t rank = a.shape.size();
  std::vector<bool> used(rank, false);
  if (order.size() != rank) fail("has an order of {} axes for {}", order.size(), rank);
  Shape steps(rank, 1);  // unused where a side is 0; the others can have any size then
  if (!a.values.empty())
    for (size_t i = rank; i-- > 1;) steps[i - 1] = steps[i] * a.shape[i];
  Constant out{{}, {}, a.integers, a.bytes};
  Shape from;
  for (const int64_t axis : order) {
    const size_t at = axis_of(axis, rank);
    if (used[at]) fail("has an order that repeats axes");
    used[at] = true;
    out.shape.push_back(a.shape[at]);
    from.push_back(steps[at]);
  }
  budget.take(a.values.size(), 2 * sizeof(double));
  for (size_t i = 0; i < a.values.size(); ++i) {
    auto left = static_cast<int64_t>(i);
    int64_t place = 0;
    for (size_t d = rank; d-- > 0;) {
      place += left % out.shape[d] * from[d];
      left /= out.shape[d];
    }
    out.values.push_back(a.values[static_cast<size_t>(place)]);
  }
  return out;
}

Constant joined(const std::vector<Constant>& parts, int64_t axis, Budget& budget) {
  if (parts.empty()) fail("joins nothing");
  const size_t at = axis_of(axis, parts[0].shape.size());
  Constant out{parts[0].shape, {}, parts[0].integers, parts[0].bytes};
  out.shape[at] = 0;
  for (const Constant& part : parts) {
    Shape other = part.shape;
    if (other.size() != out.shape.size()) fail("joins constants of other numbers of axes");
    out.shape[at] += std::exchange(other[at], 0);
    Shape first = parts[0].shape;
    first[at] = 0;
    if (other != first) fail("joins constants of other sides");
    budget.take(part.values.size(), 2 * sizeof(double));
  }
  const int64_t outer = strides_of(parts[0].shape, at).outer;
  if (outer == 0) return out;
  for (int64_t o = 0; o < outer; ++o) {
    for (const Constant& part : parts) {
      const auto each = static_cast<std::ptrdiff_t>(part.values.size()) / outer;
      const auto begin = part.values.begin() + o * each;
      out.values.insert(out.values.end(), begin, begin + each);
    }
  }
  return out;
}

Constant picked(const Constant& a, int64_t axis, const std::vector<int64_t>& indices,
                Budget& budget) {
  const size_t at = axis_of(axis, a.shape.size());
  const Strides s = strides_of(a.shape, at);
  Constant out{a.shape, {}, a.integers, a.bytes};
  out.shape[at] = static_cast<int64_t>(indices.size());
  budget.take(indices.size(), static_cast<size_t>(s.outer * s.inner) * 2 * sizeof(double));
  for (int64_t o = 0; o < s.outer; ++o) {
    for (const int64_t wanted : indices) {
      const int64_t index = wanted < 0 ? wanted + s.side : wanted;
      if (index < 0 || index >= s.side) fail("takes the element {} of {}", wanted, s.side);
      const auto begin = a.values.begin() + (o * s.side + index) * s.inner;
      out.values.insert(out.values.end(), begin, begin + s.inner);
    }
  }
  return out;
}

Shape multiplied(const Shape& shape, const std::vector<int64_t>& numbers) {
  constexpr int64_t kMost = 4096;
  Shape out = shape;
  if (numbers.size() != shape.size()) fail("repeats {} axes of {}", numbers.size(), shape.size());
  for (size_t i = 0; i < out.size(); ++i) {
    if (numbers[i] < 1 || numbers[i] > kMost) fail("repeats an axis {} times", numbers[i]);
    out[i] *= numbers[i];
  }
  return out;
}

Shape reshape_target(const Shape& from, const std::vector<int64_t>& wanted, bool zero_is_zero) {
  Shape shape = wanted;
  int64_t left = count_of(from);
  int64_t* open = nullptr;
  for (size_t i = 0; i < shape.size(); ++i) {
    if (shape[i] == 0 && !zero_is_zero && i < from.size()) shape[i] = from[i];
    if (shape[i] == -1 && open == nullptr) {
      open = &shape[i];
      continue;
    }
    if (shape[i] < 1 || left % shape[i] != 0)
      fail("cannot make ({}) of ({})", fmt::join(wanted, ", "), fmt::join(from, ", "));
    left /= shape[i];
  }
  if (open != nullptr) *open = left;
  return shape;
}

}  // namespace octet
