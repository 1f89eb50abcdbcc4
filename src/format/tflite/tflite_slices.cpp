// Operators of TensorFlow Lite that move values, or see them with another shape.
#include <fmt/ranges.h>

#include <algorithm>
#include <array>
#include <numeric>

#include "core/error.h"
#include "format/import/constants.h"
#include "format/tflite/tflite_call.h"

namespace octet {
namespace {

using Values = std::vector<int64_t>;

void read_concat(TfliteCall& call) {
  const auto* options = call.op().builtin_options_as_ConcatenationOptions();
  if (options == nullptr) fail("lacks its options");
  std::vector<Computed> parts;
  for (size_t i = 0; i < call.inputs(); ++i) parts.push_back(call.computed(i));
  call.make(add_concat(call.draft(), call.name(), parts, options->axis()),
            options->fused_activation_function());
}

// The constant of a pair before and after each axis, as those before, then those after.
Values paddings(TfliteCall& call) {
  const Values pairs = call.integers(1);
  Values out;
  for (const size_t first : {size_t{0}, size_t{1}})
    for (size_t i = first; i < pairs.size(); i += 2) out.push_back(pairs[i]);
  return out;
}

void read_pad(TfliteCall& call) {
  double value = 0;
  if (call.has(2)) {
    const Constant& filling = call.constant(2);
    if (filling.values.size() != 1) fail("adds {} numbers", filling.values.size());
    value = filling.values[0];
  }
  call.make(add_pad(call.draft(), call.name(), call.computed(0), paddings(call), value));
}

// The shape is the constant, or where there is none that of the result.
void read_reshape(TfliteCall& call) {
  const Shape wanted = call.is_constant(1) ? call.integers(1) : call.output_shape();
  if (call.is_constant(0)) {
    const Constant& x = call.constant(0);
    return call.make(reshaped(x, reshape_target(x.shape, wanted, true)));
  }
  const Computed& x = call.computed(0);
  call.make(add_reshape(call.draft(), call.name(), x, reshape_target(x.shape, wanted, true)));
}

void read_as_result(TfliteCall& call) {
  call.make(add_reshape(call.draft(), call.name(), call.computed(0), call.output_shape()));
}

// The channels backwards.
Computed reversed(TfliteCall& call, const Computed& x, int64_t axis) {
  Values order(static_cast<size_t>(x.shape[axis_of(axis, x.shape.size())]));
  std::iota(order.rbegin(), order.rend(), 0);
  return add_gather(call.draft(), call.name(), x, axis, order);
}

void read_strided_slice(TfliteCall& call) {
  const auto* options = call.op().builtin_options_as_StridedSliceOptions();
  if (options == nullptr || options->ellipsis_mask() != 0 || options->new_axis_mask() != 0 ||
      options->shrink_axis_mask() != 0 || options->offset())
    fail("has masks that octet does not read");
  const Values begin = call.integers(1);
  const Values end = call.integers(2);
  const Values step = call.integers(3);
  Computed x = call.computed(0);
  constexpr size_t kMostAxes = 8;
  if (begin.size() > std::min(kMostAxes, x.shape.size()) || end.size() != begin.size() ||
      step.size() != begin.size())
    fail("has {} begins and {} ends", begin.size(), end.size());
  for (size_t i = 0; i < begin.size(); ++i) {
    const bool whole = ((options->begin_mask() & options->end_mask()) >> i & 1) != 0;
    if (step[i] == -1 && whole) {
      x = reversed(call, x, static_cast<int64_t>(i));
      continue;
    }
    if (step[i] != 1) fail("takes elements with a step of {}", step[i]);
    const auto masked = [&](int32_t mask) { return (mask >> i & 1) != 0; };
    x = add_slice(call.draft(), call.name(), x,
                  {static_cast<int64_t>(i), masked(options->begin_mask()) ? 0 : begin[i],
                   masked(options->end_mask()) ? x.shape[i] : end[i]});
  }
  call.make(x);
}

void read_slice(TfliteCall& call) {
  const Values begin = call.integers(1);
  const Values size = call.integers(2);
  Computed x = call.computed(0);
  if (begin.size() != x.shape.size() || size.size() != begin.size())
    fail("has {} begins and {} sizes", begin.size(), size.size());
  for (size_t i = 0; i < begin.size(); ++i)
    x = add_slice(call.draft(), call.name(), x,
                  {static_cast<int64_t>(i), begin[i],
                   size[i] < 0 ? x.shape[i] : std::min(x.shape[i], begin[i] + size[i])});
  call.make(x);
}

void make_parts(TfliteCall& call, const Computed& x, int64_t axis, const Values& sizes) {
  int64_t begin = 0;
  for (size_t i = 0; i < sizes.size(); ++i) {
    const int64_t end = begin + std::clamp<int64_t>(sizes[i], 0, int64_t{1} << 30);
    call.make(i, add_slice(call.draft(), call.name(), x, {axis, begin, end}));
    begin = end;
  }
}

int64_t only_number(const Values& list) {
  if (list.size() != 1) fail("has {} numbers where one is expected", list.size());
  return list[0];
}

void read_split(TfliteCall& call) {
  const Computed x = call.computed(1);
  const int64_t axis = only_number(call.integers(0));
  const int64_t side = x.shape[axis_of(axis, x.shape.size())];
  const auto parts = static_cast<int64_t>(call.outputs());
  if (side % parts != 0) fail("splits {} elements in {}", side, parts);
  make_parts(call, x, axis, Values(call.outputs(), side / parts));
}

// A size of −1 is what the others leave.
void read_split_v(TfliteCall& call) {
  const Computed x = call.computed(0);
  const int64_t axis = only_number(call.integers(2));
  const int64_t side = x.shape[axis_of(axis, x.shape.size())];
  Values sizes = call.integers(1);
  int64_t left = side;
  int64_t* open = nullptr;
  for (int64_t& size : sizes) {
    if (size == -1 && open == nullptr) {
      open = &size;
      continue;
    }
    if (size < 0 || size > left) left = -1;
    if (left >= 0) left -= size;
  }
  if (left < 0 || (open == nullptr && left != 0))
    fail("splits {} elements into parts of ({})", side, fmt::join(sizes, ", "));
  if (open != nullptr) *open = left;
  make_parts(call, x, axis, sizes);
}

void read_transpose(TfliteCall& call) {
  if (call.is_constant(0))
    return call.make(transposed(call.constant(0), call.integers(1), call.budget()));
  call.make(add_transpose(call.draft(), call.name(), call.computed(0), call.integers(1)));
}

// Weights in half precision, which are constants already.
void read_dequantize(TfliteCall& call) {
  if (!call.is_constant(0)) fail("computes with integers");
  call.make(call.constant(0));
}

Constant cast(const Constant& x, tflite::TensorType to) {
  if (to == tflite::TensorType_INT32 || to == tflite::TensorType_INT64) return as_integers(x);
  if (to != tflite::TensorType_FLOAT32 && to != tflite::TensorType_FLOAT16)
    fail("makes constants of the type {}", static_cast<int>(to));
  return as_reals(x);
}

// Only the input of a network has integers, and those are its pixels.
void read_cast(TfliteCall& call) {
  const tflite::TensorType to = call.output_type();
  if (call.is_constant(0)) return call.make(cast(call.constant(0), to));
  if (to != tflite::TensorType_FLOAT32) fail("makes integers of what the network computes");
  call.make(call.computed(0));
}

void read_gather(TfliteCall& call) {
  const auto* options = call.op().builtin_options_as_GatherOptions();
  const Constant& indices = call.constant(1);
  if (options == nullptr || options->batch_dims() != 0 || indices.shape.size() != 1)
    fail("gathers by indices of {} axes", indices.shape.size());
  call.make(add_gather(call.draft(), call.name(), call.computed(0), options->axis(),
                       whole_numbers(indices)));
}

void read_reverse(TfliteCall& call) {
  call.make(reversed(call, call.computed(0), only_number(call.integers(1))));
}

// Each side as often as the file says.
void read_tile(TfliteCall& call) {
  const Computed& x = call.computed(0);
  call.make(repeated(call.draft(), x, multiplied(x.shape, call.integers(1))));
}

void read_depth_to_space(TfliteCall& call) {
  const auto* options = call.op().builtin_options_as_DepthToSpaceOptions();
  if (options == nullptr) fail("lacks its options");
  call.make(add_depth_to_space(call.draft(), call.name(), call.computed(0), options->block_size(),
                               BlockOrder::kByPixel));
}

void read_space_to_depth(TfliteCall& call) {
  const auto* options = call.op().builtin_options_as_SpaceToDepthOptions();
  if (options == nullptr) fail("lacks its options");
  call.make(add_space_to_depth(call.draft(), call.name(), call.computed(0), options->block_size()));
}

struct Row {
  int code;
  TfliteOperatorReader read;
};
constexpr std::array kRows = {
    Row{tflite::BuiltinOperator_CONCATENATION, read_concat},
    Row{tflite::BuiltinOperator_PAD, read_pad},
    Row{tflite::BuiltinOperator_PADV2, read_pad},
    Row{tflite::BuiltinOperator_RESHAPE, read_reshape},
    Row{tflite::BuiltinOperator_SQUEEZE, read_as_result},
    Row{tflite::BuiltinOperator_EXPAND_DIMS, read_as_result},
    Row{tflite::BuiltinOperator_STRIDED_SLICE, read_strided_slice},
    Row{tflite::BuiltinOperator_SLICE, read_slice},
    Row{tflite::BuiltinOperator_SPLIT, read_split},
    Row{tflite::BuiltinOperator_SPLIT_V, read_split_v},
    Row{tflite::BuiltinOperator_TRANSPOSE, read_transpose},
    Row{tflite::BuiltinOperator_TILE, read_tile},
    Row{tflite::BuiltinOperator_GATHER, read_gather},
    Row{tflite::BuiltinOperator_REVERSE_V2, read_reverse},
    Row{tflite::BuiltinOperator_DEPTH_TO_SPACE, read_depth_to_space},
    Row{tflite::BuiltinOperator_SPACE_TO_DEPTH, read_space_to_depth},
    Row{tflite::BuiltinOperator_DEQUANTIZE, read_dequantize},
    Row{tflite::BuiltinOperator_CAST, read_cast},
};

}  // namespace

TfliteOperatorReader find_tflite_move(int code) {
  const auto* const row =
      std::find_if(kRows.begin(), kRows.end(), [&](const Row& r) { return r.code == code; });
  return row == kRows.end() ? nullptr : row->read;
}

}  // namespace octet
