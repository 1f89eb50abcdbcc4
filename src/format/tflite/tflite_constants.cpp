// Operators of TensorFlow Lite with constants, such as the shapes that Keras computes.
#include <algorithm>
#include <array>
#include <functional>

#include "core/error.h"
#include "format/import/constants.h"
#include "format/import/layers.h"
#include "format/tflite/tflite_call.h"

namespace octet {
namespace {

void read_shape(TfliteCall& call) { call.make(constant_of(call.shape(0))); }

template <typename Function>
void two(TfliteCall& call, tflite::ActivationFunction fused, Function function) {
  const Constant& a = call.constant(0);
  const Constant& b = call.constant(1);
  if (a.bytes || b.bytes) fail("computes with constants of one byte");
  call.make(broadcast(a, b, call.budget(), function), fused);
}

void read_pack(TfliteCall& call) {
  const auto* options = call.op().builtin_options_as_PackOptions();
  if (options == nullptr) fail("lacks its options");
  std::vector<Constant> parts;
  for (size_t i = 0; i < call.inputs(); ++i) {
    Constant part = call.constant(i);
    const size_t at = axis_of(options->axis(), part.shape.size() + 1);
    part.shape.insert(part.shape.begin() + static_cast<std::ptrdiff_t>(at), 1);
    call.budget().take(part.values.size(), sizeof(double));
    parts.push_back(std::move(part));
  }
  call.make(joined(parts, options->axis(), call.budget()));
}

void read_concat(TfliteCall& call) {
  const auto* options = call.op().builtin_options_as_ConcatenationOptions();
  if (options == nullptr) fail("lacks its options");
  std::vector<Constant> parts;
  for (size_t i = 0; i < call.inputs(); ++i) {
    call.budget().take(call.constant(i).values.size(), sizeof(double));
    parts.push_back(call.constant(i));
  }
  call.make(joined(parts, options->axis(), call.budget()), options->fused_activation_function());
}

// Of a list, as shapes are. `shrink_axis_mask`: one number.
void read_strided_slice(TfliteCall& call) {
  const auto* options = call.op().builtin_options_as_StridedSliceOptions();
  const Constant& x = call.constant(0);
  const std::vector<int64_t> begin = call.integers(1);
  const std::vector<int64_t> end = call.integers(2);
  const std::vector<int64_t> step = call.integers(3);
  if (options == nullptr || options->offset() || options->ellipsis_mask() != 0 ||
      options->new_axis_mask() != 0 || x.shape.size() != 1 || begin.size() != 1 ||
      end.size() != 1 || step.size() != 1 || step[0] != 1)
    fail("takes a part of a constant that octet does not read");
  const int64_t side = x.shape[0];
  const auto place = [&](int64_t i) { return std::clamp<int64_t>(i < 0 ? i + side : i, 0, side); };
  const bool one = (options->shrink_axis_mask() & 1) != 0;
  const int64_t first = (options->begin_mask() & 1) != 0 ? 0 : place(begin[0]);
  const int64_t last = one ? first + 1 : (options->end_mask() & 1) != 0 ? side : place(end[0]);
  std::vector<int64_t> indices;
  call.budget().take(static_cast<size_t>(std::max<int64_t>(0, last - first)), sizeof(int64_t));
  for (int64_t i = first; i < last; ++i) indices.push_back(i);
  Constant out = picked(x, 0, indices, call.budget());
  if (one) out.shape.clear();
  call.make(std::move(out));
}

// Of one axis.
void read_gather(TfliteCall& call) {
  const Constant& indices = call.constant(1);
  const Constant& x = call.constant(0);
  if (x.shape.size() != 1 || indices.shape.size() > 1)
    fail("gathers elements of a constant that octet does not read");
  Constant out = picked(x, 0, whole_numbers(indices), call.budget());
  out.shape = indices.shape;
  call.make(std::move(out));
}

// Of all numbers.
void read_product(TfliteCall& call) {
  const Constant& x = call.constant(0);
  const auto* options = call.op().builtin_options_as_ReducerOptions();
  if (x.shape.size() > 1) fail("is a product over the axes of ({})", x.shape.size());
  double product = 1;
  for (const double v : x.values) product *= v;
  const bool keeps = options != nullptr && options->keep_dims();
  call.make(Constant{keeps ? Shape(x.shape.size(), 1) : Shape{}, {product}, x.integers});
}

struct Row {
  int code;
  TfliteOperatorReader read;
};
constexpr std::array kRows = {
    Row{tflite::BuiltinOperator_SHAPE, read_shape},
    Row{tflite::BuiltinOperator_PACK, read_pack},
    Row{tflite::BuiltinOperator_CONCATENATION, read_concat},
    Row{tflite::BuiltinOperator_STRIDED_SLICE, read_strided_slice},
    Row{tflite::BuiltinOperator_GATHER, read_gather},
    Row{tflite::BuiltinOperator_REDUCE_PROD, read_product},
    Row{tflite::BuiltinOperator_ADD,
        [](TfliteCall& c) {
          two(c, fused_in(c.op().builtin_options_as_AddOptions()),
              [](double a, double b) { return a + b; });
        }},
    Row{tflite::BuiltinOperator_SUB,
        [](TfliteCall& c) {
          two(c, fused_in(c.op().builtin_options_as_SubOptions()),
              [](double a, double b) { return a - b; });
        }},
    Row{tflite::BuiltinOperator_MUL,
        [](TfliteCall& c) {
          two(c, fused_in(c.op().builtin_options_as_MulOptions()),
              [](double a, double b) { return a * b; });
        }},
};

}  // namespace

TfliteOperatorReader find_tflite_constant(int code) {
  const auto* const row =
      std::find_if(kRows.begin(), kRows.end(), [&](const Row& r) { return r.code == code; });
  return row == kRows.end() ? nullptr : row->read;
}

}  // namespace octet
