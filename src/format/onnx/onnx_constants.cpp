// Operators of ONNX with constants, such as the shapes that PyTorch computes.
#include <algorithm>
#include <array>
#include <cmath>
#include <functional>
#include <limits>

#include "core/error.h"
#include "format/import/constants.h"
#include "format/onnx/onnx_call.h"
#include "format/onnx/onnx_tensor.h"

namespace octet {
namespace {

// A constant to compute with.
const Constant& operand(OnnxCall& call, size_t i) {
  const Constant& x = call.constant(i);
  if (x.bytes) fail("computes with constants of one byte");
  return x;
}

template <typename Function>
void two(OnnxCall& call, Function function) {
  call.make(broadcast(operand(call, 0), operand(call, 1), call.budget(), function));
}

template <typename Function>
void one(OnnxCall& call, Function function) {
  call.make(mapped(operand(call, 0), function));
}

// Of one operand or more.
template <typename Function>
void all(OnnxCall& call, Function function) {
  Constant out = operand(call, 0);
  call.budget().take(out.values.size(), sizeof(double));
  for (size_t i = 1; i < call.inputs(); ++i)
    out = broadcast(out, operand(call, i), call.budget(), function);
  call.make(std::move(out));
}

void read_constant(OnnxCall& call) {
  if (const auto* t = call.find("value")) return call.make(read_onnx_tensor(t->t(), call.budget()));
  if (const auto* f = call.find("value_float")) return call.make(Constant{{}, {f->f()}});
  if (call.find("value_floats") != nullptr) {
    std::vector<double> values = call.reals("value_floats");
    return call.make(Constant{{static_cast<int64_t>(values.size())}, std::move(values)});
  }
  if (const auto* i = call.find("value_int"))
    return call.make(Constant{{}, {static_cast<double>(i->i())}, true});
  if (call.find("value_ints") != nullptr)
    return call.make(constant_of(call.integers("value_ints", {})));
  fail("is a constant without numbers");
}

void read_shape(OnnxCall& call) {
  const auto* computed = std::get_if<Computed>(&call.input(0));
  const Shape& shape = computed != nullptr ? computed->shape : call.constant(0).shape;
  const auto rank = static_cast<int64_t>(shape.size());
  const auto place = [&](int64_t i) { return std::clamp<int64_t>(i < 0 ? i + rank : i, 0, rank); };
  const int64_t begin = place(call.integer("start", 0));
  const int64_t end = std::max(begin, place(call.integer("end", rank)));
  call.make(constant_of({shape.begin() + begin, shape.begin() + end}));
}

// The elements of a constant that the file has made, taken from the budget before they exist.
size_t taken_numbers(const std::vector<int64_t>& shape, Budget& budget) {
  constexpr double kMost = 1e15;
  double count = 1, without_zeros = 1;
  for (const int64_t side : shape) {
    if (side < 0) fail("makes a constant with a side of {}", side);
    count *= static_cast<double>(side);
    if (side > 0) without_zeros *= static_cast<double>(side);
  }
  if (without_zeros > kMost) fail("makes a constant with the sides ({})", fmt::join(shape, ", "));
  const auto numbers = static_cast<size_t>(std::min(count, kMost));
  budget.take(numbers, sizeof(double));
  return numbers;
}

void read_constant_of_shape(OnnxCall& call) {
  const std::vector<int64_t> shape = call.integers(size_t{0});
  Constant value{{}, {0}};
  if (const auto* t = call.find("value")) value = read_onnx_tensor(t->t(), call.budget());
  if (value.values.size() != 1) fail("fills a constant with {} numbers", value.values.size());
  const size_t numbers = taken_numbers(shape, call.budget());
  call.make(Constant{shape, std::vector<double>(numbers, value.values.front()), value.integers,
                     value.bytes});
}

void read_gather(OnnxCall& call) {
  const Constant& indices = call.constant(1);
  Constant out =
      picked(call.constant(0), call.integer("axis", 0), whole_numbers(indices), call.budget());
  if (indices.shape.empty()) {  // of one index: the axis disappears
    const size_t at = axis_of(call.integer("axis", 0), out.shape.size());
    out.shape.erase(out.shape.begin() + static_cast<std::ptrdiff_t>(at));
  } else if (indices.shape.size() != 1) {
    fail("gathers by indices of {} axes", indices.shape.size());
  }
  call.make(out);
}

void read_unsqueeze(OnnxCall& call) {
  Constant out = call.constant(0);
  auto axes = call.moved_integers("axes", 1, 13).value_or(std::vector<int64_t>{});
  const size_t rank = out.shape.size() + axes.size();
  for (int64_t& axis : axes) axis = static_cast<int64_t>(axis_of(axis, rank));
  std::sort(axes.begin(), axes.end());
  for (const int64_t axis : axes) {
    if (axis > static_cast<int64_t>(out.shape.size())) fail("has an axis beyond the others");
    out.shape.insert(out.shape.begin() + axis, 1);
  }
  call.make(out);
}

void read_squeeze(OnnxCall& call) {
  Constant out = call.constant(0);
  const auto axes = call.moved_integers("axes", 1, 13);
  Shape kept;
  for (size_t i = 0; i < out.shape.size(); ++i) {
    bool gone = !axes && out.shape[i] == 1;
    for (const int64_t axis : axes.value_or(std::vector<int64_t>{}))
      gone = gone || axis_of(axis, out.shape.size()) == i;
    if (!gone) kept.push_back(out.shape[i]);
  }
  call.make(reshaped(std::move(out), kept));
}

void read_concat(OnnxCall& call) {
  std::vector<Constant> parts;
  for (size_t i = 0; i < call.inputs(); ++i) {
    call.budget().take(call.constant(i).values.size(), sizeof(double));
    parts.push_back(call.constant(i));
  }
  call.make(joined(parts, call.integer("axis", 0), call.budget()));
}

void read_reshape(OnnxCall& call) {
  const Constant& x = call.constant(0);
  call.make(reshaped(
      x, reshape_target(x.shape, call.integers(size_t{1}), call.integer("allowzero", 0) != 0)));
}

void read_transpose(OnnxCall& call) {
  const Constant& x = call.constant(0);
  std::vector<int64_t> reversed;
  for (size_t i = x.shape.size(); i-- > 0;) reversed.push_back(static_cast<int64_t>(i));
  call.make(transposed(x, call.integers("perm", reversed), call.budget()));
}

struct Steps {
  int64_t begin, end, step;
};
// The indices of an axis from `begin` to before `end`, which may count from the end.
std::vector<int64_t> stepped(const Steps& s, int64_t side, Budget& budget) {
  const bool back = s.step < 0;
  const auto place = [&](int64_t p) {
    return std::clamp<int64_t>(p < 0 ? p + side : p, back ? -1 : 0, back ? side - 1 : side);
  };
  std::vector<int64_t> indices;
  const int64_t end = place(s.end);
  budget.take(static_cast<size_t>(std::abs((end - place(s.begin)) / s.step)), sizeof(int64_t));
  for (int64_t at = place(s.begin); back ? at > end : at < end; at += s.step) indices.push_back(at);
  return indices;
}

void read_slice(OnnxCall& call) {
  Constant out = call.constant(0);
  const auto begins = call.moved_integers("starts", 1, 10).value_or(std::vector<int64_t>{});
  const auto ends = call.moved_integers("ends", 2, 10).value_or(std::vector<int64_t>{});
  const auto axes = call.moved_integers("axes", 3, 10);
  for (size_t i = 0; i < begins.size() && i < ends.size(); ++i) {
    if (axes && i >= axes->size()) fail("has fewer axes than begins");
    const int64_t axis = axes ? (*axes)[i] : static_cast<int64_t>(i);
    const int64_t side = out.shape[axis_of(axis, out.shape.size())];
    const std::vector<int64_t> steps =
        call.has(4) ? call.integers(size_t{4}) : std::vector<int64_t>(begins.size(), 1);
    if (i >= steps.size() || steps[i] == 0) fail("takes elements of a constant without a step");
    out = picked(out, axis, stepped({begins[i], ends[i], steps[i]}, side, call.budget()),
                 call.budget());
  }
  call.make(out);
}

void read_split(OnnxCall& call) {
  const Constant& x = call.constant(0);
  const int64_t axis = call.integer("axis", 0);
  const int64_t side = x.shape[axis_of(axis, x.shape.size())];
  const auto count = static_cast<int64_t>(call.outputs());
  const auto parts =
      call.moved_integers("split", 1, 13)
          .value_or(std::vector<int64_t>(call.outputs(), (side + count - 1) / count));
  int64_t begin = 0;
  for (size_t i = 0; i < call.outputs() && i < parts.size(); ++i) {
    std::vector<int64_t> indices;
    const int64_t end = begin + std::clamp<int64_t>(parts[i], 0, side - begin);
    call.budget().take(static_cast<size_t>(end - begin), sizeof(int64_t));
    while (begin < end) indices.push_back(begin++);
    call.make(i, picked(x, axis, indices, call.budget()));
  }
}

// To a shape that it is repeated to.
Constant expanded(const Constant& x, const std::vector<int64_t>& shape, Budget& budget) {
  Constant ones{shape, {}, true};
  ones.values.assign(taken_numbers(shape, budget), 1);
  Constant out = broadcast(x, ones, budget, [](double a, double) { return a; });
  out.integers = x.integers;
  out.bytes = x.bytes;
  return out;
}

void read_where(OnnxCall& call) {
  const Constant& no = call.constant(2);
  const Constant yes = expanded(
      call.constant(1),
      broadcast(call.constant(0), no, call.budget(), [](double, double b) { return b; }).shape,
      call.budget());
  const Constant mask = expanded(call.constant(0), yes.shape, call.budget());
  Constant out = expanded(no, yes.shape, call.budget());
  for (size_t i = 0; i < out.values.size(); ++i)
    if (mask.values[i] != 0) out.values[i] = yes.values[i];
  call.make(std::move(out));
}

void read_range(OnnxCall& call) {
  const double begin = call.number(0);
  const double step = call.number(2);
  const double count = std::ceil((call.number(1) - begin) / step);
  constexpr double kMost = 1e6;
  if (!(std::abs(count) < kMost)) fail("makes {} numbers", count);
  Constant out{{std::max<int64_t>(0, static_cast<int64_t>(count))}, {}, call.constant(0).integers};
  call.budget().take(static_cast<size_t>(out.shape[0]), sizeof(double));
  for (int64_t i = 0; i < out.shape[0]; ++i)
    out.values.push_back(begin + static_cast<double>(i) * step);
  call.make(std::move(out));
}

// Joins the numbers along axes one by one. `mean`: divides by their count.
void reduce(OnnxCall& call, double first, const std::function<double(double, double)>& join,
            bool mean = false) {
  constexpr int64_t kMeanOpset = 18, kSumOpset = 13;
  Constant x = operand(call, 0);
  auto axes = call.moved_integers("axes", 1, call.type() == "ReduceSum" ? kSumOpset : kMeanOpset)
                  .value_or(std::vector<int64_t>{});
  std::vector<bool> gone(x.shape.size(),
                         axes.empty() && call.integer("noop_with_empty_axes", 0) == 0);
  for (const int64_t axis : axes) gone[axis_of(axis, gone.size())] = true;
  Shape kept;
  for (size_t i = 0; i < gone.size(); ++i) {
    if (!gone[i] || call.integer("keepdims", 1) != 0) kept.push_back(gone[i] ? 1 : x.shape[i]);
    if (!gone[i]) continue;
    const auto axis = static_cast<int64_t>(i);
    const int64_t side = x.shape[i];
    Constant sum = picked(x, axis, {}, call.budget());
    sum.shape[i] = 1;
    const auto count = static_cast<size_t>(element_count(sum.shape));
    call.budget().take(count, sizeof(double));
    call.budget().take(static_cast<size_t>(side), sizeof(double));
    sum.values.assign(count, first);
    for (int64_t at = 0; at < side; ++at)
      sum = broadcast(sum, picked(x, axis, {at}, call.budget()), call.budget(), join);
    if (mean) sum = mapped(std::move(sum), [&](double v) { return v / static_cast<double>(side); });
    sum.integers = x.integers;
    x = std::move(sum);
  }
  call.make(reshaped(std::move(x), kept));
}

void read_clip(OnnxCall& call) {
  const bool attributes = call.opset() < 11;
  constexpr double kNone = std::numeric_limits<double>::infinity();
  const auto limit = [&](const char* name, size_t i, double otherwise) {
    if (attributes) return call.real(name, otherwise);
    return call.has(i) ? call.number(i) : otherwise;
  };
  const double low = limit("min", 1, -kNone);
  const double high = limit("max", 2, kNone);
  one(call, [&](double v) { return std::min(high, std::max(low, v)); });
}

void divide(OnnxCall& call) {
  const bool integers = operand(call, 0).integers && operand(call, 1).integers;
  two(call, [&](double a, double b) { return integers ? std::trunc(a / b) : a / b; });
}

void read_power(OnnxCall& call) {
  const bool integers = operand(call, 0).integers;
  Constant out = broadcast(operand(call, 0), operand(call, 1), call.budget(),
                           [](double a, double b) { return std::pow(a, b); });
  out.integers = integers;
  call.make(std::move(out));
}

// A comparison, as 0 or 1.
template <typename Function>
void compare(OnnxCall& call, Function function) {
  Constant out = broadcast(call.constant(0), call.constant(1), call.budget(),
                           [&](double a, double b) { return function(a, b) ? 1.0 : 0.0; });
  out.integers = out.bytes = true;
  call.make(std::move(out));
}

void same(OnnxCall& call) { call.make(call.constant(0)); }

Constant truth(Constant x) {
  x = mapped(std::move(x), [](double v) { return v != 0 ? 1.0 : 0.0; });
  x.integers = x.bytes = true;
  return x;
}

void read_cast(OnnxCall& call) {
  const int64_t to = call.integer("to", onnx::TensorProto::FLOAT);
  switch (to) {
    case onnx::TensorProto::FLOAT:
    case onnx::TensorProto::DOUBLE:
    case onnx::TensorProto::FLOAT16:
    case onnx::TensorProto::BFLOAT16:
      return call.make(as_reals(call.constant(0)));
    case onnx::TensorProto::INT32:
    case onnx::TensorProto::INT64:
      return call.make(as_integers(call.constant(0)));
    case onnx::TensorProto::BOOL:
      return call.make(truth(call.constant(0)));
    default:
      fail("makes constants of the type {}", to);
  }
}

void read_cast_like(OnnxCall& call) {
  const Constant& like = call.constant(1);
  if (like.bytes) fail("makes constants of one byte");
  call.make(like.integers ? as_integers(call.constant(0)) : as_reals(call.constant(0)));
}

struct Row {
  std::string_view type;
  OnnxOperator read;
};
constexpr std::array kRows = {
    Row{"Constant", read_constant},
    Row{"Shape", read_shape},
    Row{"ConstantOfShape", read_constant_of_shape},
    Row{"Gather", read_gather},
    Row{"Unsqueeze", read_unsqueeze},
    Row{"Squeeze", read_squeeze},
    Row{"Concat", read_concat},
    Row{"Reshape", read_reshape},
    Row{"Transpose", read_transpose},
    Row{"Slice", read_slice},
    Row{"Split", read_split},
    Row{"Expand",
        [](OnnxCall& c) { c.make(expanded(c.constant(0), c.integers(size_t{1}), c.budget())); }},
    Row{"Where", read_where},
    Row{"Range", read_range},
    Row{"ReduceProd", [](OnnxCall& c) { reduce(c, 1, [](double a, double b) { return a * b; }); }},
    Row{"ReduceSum", [](OnnxCall& c) { reduce(c, 0, [](double a, double b) { return a + b; }); }},
    Row{"ReduceMean",
        [](OnnxCall& c) {
          reduce(
              c, 0, [](double a, double b) { return a + b; }, true);
        }},
    Row{"Cast", read_cast},
    Row{"CastLike", read_cast_like},
    Row{"Identity", same},
    Row{"Dropout", same},
    Row{"Add", [](OnnxCall& c) { two(c, [](double a, double b) { return a + b; }); }},
    Row{"Sub", [](OnnxCall& c) { two(c, [](double a, double b) { return a - b; }); }},
    Row{"Mul", [](OnnxCall& c) { two(c, [](double a, double b) { return a * b; }); }},
    Row{"Div", divide},
    Row{"Pow", read_power},
    Row{"Min", [](OnnxCall& c) { all(c, [](double a, double b) { return std::min(a, b); }); }},
    Row{"Max", [](OnnxCall& c) { all(c, [](double a, double b) { return std::max(a, b); }); }},
    Row{"Equal", [](OnnxCall& c) { compare(c, std::equal_to<>()); }},
    Row{"Greater", [](OnnxCall& c) { compare(c, std::greater<>()); }},
    Row{"Less", [](OnnxCall& c) { compare(c, std::less<>()); }},
    Row{"Clip", read_clip},
    Row{"Abs", [](OnnxCall& c) { one(c, [](double v) { return std::abs(v); }); }},
    Row{"Exp", [](OnnxCall& c) { one(c, [](double v) { return std::exp(v); }); }},
    Row{"Log", [](OnnxCall& c) { one(c, [](double v) { return std::log(v); }); }},
    Row{"Reciprocal", [](OnnxCall& c) { one(c, [](double v) { return 1 / v; }); }},
    Row{"Relu", [](OnnxCall& c) { one(c, [](double v) { return std::max(0.0, v); }); }},
    Row{"Floor", [](OnnxCall& c) { one(c, [](double v) { return std::floor(v); }); }},
    Row{"Ceil", [](OnnxCall& c) { one(c, [](double v) { return std::ceil(v); }); }},
    Row{"Neg", [](OnnxCall& c) { one(c, [](double v) { return -v; }); }},
    Row{"Sqrt", [](OnnxCall& c) { one(c, [](double v) { return std::sqrt(v); }); }},
};

}  // namespace

OnnxOperator find_onnx_constant(std::string_view type) {
  const auto* const row =
      std::find_if(kRows.begin(), kRows.end(), [&](const Row& r) { return r.type == type; });
  return row == kRows.end() ? nullptr : row->read;
}

}  // namespace octet
