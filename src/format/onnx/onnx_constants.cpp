// Operators of ONNX with constants, such as the shapes that PyTorch computes.
#include <algorithm>
#include <array>
#include <cmath>
#include <limits>

#include "core/error.h"
#include "format/import/constants.h"
#include "format/onnx/onnx_call.h"
#include "format/onnx/onnx_tensor.h"

namespace octet {
namespace {

template <typename Function>
void two(OnnxCall& call, Function function) {
  call.make(broadcast(call.constant(0), call.constant(1), call.budget(), function));
}

template <typename Function>
void one(OnnxCall& call, Function function) {
  call.make(mapped(call.constant(0), function));
}

void read_constant(OnnxCall& call) {
  if (const auto* t = call.find("value")) return call.make(read_onnx_tensor(t->t(), call.budget()));
  if (const auto* f = call.find("value_float")) return call.make(Constant{{}, {f->f()}});
  if (const auto* i = call.find("value_int"))
    return call.make(Constant{{}, {static_cast<double>(i->i())}, true});
  if (call.find("value_ints") != nullptr)
    return call.make(constant_of(call.integers("value_ints", {})));
  fail("is a constant without numbers");
}

void read_shape(OnnxCall& call) {
  const auto* computed = std::get_if<Computed>(&call.input(0));
  const Shape& shape = computed != nullptr ? computed->shape : call.constant(0).shape;
  call.make(constant_of(shape));
}

void read_constant_of_shape(OnnxCall& call) {
  const std::vector<int64_t> shape = call.integers(size_t{0});
  Constant value{{}, {0}};
  if (const auto* t = call.find("value")) value = read_onnx_tensor(t->t(), call.budget());
  if (value.values.size() != 1) fail("fills a constant with {} numbers", value.values.size());
  double count = 1;
  for (const int64_t side : shape) {
    if (side < 0) fail("makes a constant with a side of {}", side);
    count *= static_cast<double>(side);
  }
  constexpr double kMost = 1e15;
  const auto numbers = static_cast<size_t>(std::min(count, kMost));
  call.budget().take(numbers, sizeof(double));
  call.make(Constant{shape, std::vector<double>(numbers, value.values.front()), value.integers});
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
    if (i >= steps.size() || steps[i] < 1) fail("takes a constant backwards");
    const int64_t step = steps[i];
    const auto place = [&](int64_t p) {
      return std::clamp<int64_t>(p < 0 ? p + side : p, 0, side);
    };
    std::vector<int64_t> indices;
    for (int64_t at = place(begins[i]); at < place(ends[i]); at += step) indices.push_back(at);
    out = picked(out, axis, indices, call.budget());
  }
  call.make(out);
}

void divide(OnnxCall& call) {
  const bool whole = call.constant(0).integers && call.constant(1).integers;
  two(call, [&](double a, double b) { return whole ? std::trunc(a / b) : a / b; });
}

void same(OnnxCall& call) { call.make(call.constant(0)); }

// To integers numbers lose their fraction.
void read_cast(OnnxCall& call) {
  const int64_t to = call.integer("to", onnx::TensorProto::FLOAT);
  const bool real = to == onnx::TensorProto::FLOAT || to == onnx::TensorProto::FLOAT16 ||
                    to == onnx::TensorProto::DOUBLE || to == onnx::TensorProto::BFLOAT16;
  Constant out = call.constant(0);
  if (!real) out = mapped(std::move(out), [](double v) { return std::trunc(v); });
  out.integers = !real;
  call.make(std::move(out));
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
    Row{"Cast", read_cast},
    Row{"Identity", same},
    Row{"Add", [](OnnxCall& c) { two(c, [](double a, double b) { return a + b; }); }},
    Row{"Sub", [](OnnxCall& c) { two(c, [](double a, double b) { return a - b; }); }},
    Row{"Mul", [](OnnxCall& c) { two(c, [](double a, double b) { return a * b; }); }},
    Row{"Div", divide},
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
