// Operators of ONNX that move values, or see them with another shape.
#include <fmt/ranges.h>

#include <algorithm>
#include <array>
#include <numeric>

#include "core/error.h"
#include "format/import/constants.h"
#include "format/onnx/onnx_call.h"

namespace octet {
namespace {

using Values = std::vector<int64_t>;

void read_concat(OnnxCall& call) {
  std::vector<Computed> parts;
  for (size_t i = 0; i < call.inputs(); ++i) parts.push_back(call.computed(i));
  call.make(add_concat(call.draft(), call.name(), parts, call.integer("axis", 1)));
}

void read_slice(OnnxCall& call) {
  const Values begins = call.moved_integers("starts", 1, 10).value_or(Values{});
  const Values ends = call.moved_integers("ends", 2, 10).value_or(Values{});
  const auto axes = call.moved_integers("axes", 3, 10);
  const Values steps = call.has(4) ? call.integers(size_t{4}) : Values(begins.size(), 1);
  if (ends.size() != begins.size() || steps.size() != begins.size() ||
      (axes && axes->size() != begins.size()))
    fail("has {} begins and {} ends", begins.size(), ends.size());
  Computed x = call.computed(0);
  for (size_t i = 0; i < begins.size(); ++i) {
    if (steps[i] != 1) fail("takes elements with a step of {}", steps[i]);
    x = add_slice(call.draft(), call.name(), x,
                  {axes ? (*axes)[i] : static_cast<int64_t>(i), begins[i], ends[i]});
  }
  call.make(x);
}

void read_split(OnnxCall& call) {
  const Computed x = call.computed(0);
  const int64_t axis = call.integer("axis", 0);
  const int64_t side = x.shape[axis_of(axis, x.shape.size())];
  const auto count = static_cast<int64_t>(call.outputs());
  const int64_t each = (side + count - 1) / count;
  const auto named = call.moved_integers("split", 1, 13);
  const Values parts = named.value_or(Values(static_cast<size_t>(count), each));
  if (parts.size() != call.outputs() ||
      (named && std::accumulate(parts.begin(), parts.end(), int64_t{0}) != side))
    fail("splits {} elements into parts of ({})", side, fmt::join(parts, ", "));
  int64_t begin = 0;
  for (size_t i = 0; i < call.outputs(); ++i) {
    const int64_t end = std::min(side, begin + std::max<int64_t>(0, parts[i]));
    call.make(i, add_slice(call.draft(), call.name(), x, {axis, begin, end}));
    begin = end;
  }
}

// Before each axis, then behind each. Files may name the axes that they mean.
Values paddings(OnnxCall& call) {
  const Values named = call.moved_integers("pads", 1, 11).value_or(Values{});
  if (!call.has(3)) return named;
  const Values axes = call.integers(size_t{3});
  const size_t rank = call.computed(0).shape.size();
  if (named.size() != 2 * axes.size())
    fail("has {} paddings for {} axes", named.size(), axes.size());
  Values all(2 * rank, 0);
  for (size_t i = 0; i < axes.size(); ++i) {
    all[axis_of(axes[i], rank)] = named[i];
    all[rank + axis_of(axes[i], rank)] = named[axes.size() + i];
  }
  return all;
}

void read_pad(OnnxCall& call) {
  const std::string mode = call.text("mode", "constant");
  if (mode != "constant") fail("has the mode '{}'; octet adds constants only", mode);
  const Values pads = paddings(call);
  const double value = call.opset() < 11 ? call.real("value", 0) : call.has(2) ? call.number(2) : 0;
  call.make(add_pad(call.draft(), call.name(), call.computed(0), pads, value));
}

void read_reshape(OnnxCall& call) {
  const Computed& x = call.computed(0);
  call.make(add_reshape(
      call.draft(), call.name(), x,
      reshape_target(x.shape, call.integers(size_t{1}), call.integer("allowzero", 0) != 0)));
}

void read_flatten(OnnxCall& call) {
  const Computed& x = call.computed(0);
  const int64_t wanted = call.integer("axis", 1);
  const size_t at = wanted == static_cast<int64_t>(x.shape.size())
                        ? x.shape.size()
                        : axis_of(wanted, x.shape.size());
  Shape shape{1, 1};
  for (size_t i = 0; i < x.shape.size(); ++i) shape[i < at ? 0 : 1] *= x.shape[i];
  call.make(add_reshape(call.draft(), call.name(), x, shape));
}

void read_squeeze(OnnxCall& call) {
  const Computed& x = call.computed(0);
  const auto axes = call.moved_integers("axes", 1, 13);
  Shape kept;
  for (size_t i = 0; i < x.shape.size(); ++i) {
    bool gone = !axes && x.shape[i] == 1;
    for (const int64_t axis : axes.value_or(Values{}))
      gone = gone || axis_of(axis, x.shape.size()) == i;
    if (!gone) kept.push_back(x.shape[i]);
  }
  call.make(add_reshape(call.draft(), call.name(), x, kept));
}

void read_unsqueeze(OnnxCall& call) {
  const Computed& x = call.computed(0);
  Values axes = call.moved_integers("axes", 1, 13).value_or(Values{});
  const size_t rank = x.shape.size() + axes.size();
  for (int64_t& axis : axes) axis = static_cast<int64_t>(axis_of(axis, rank));
  std::sort(axes.begin(), axes.end());
  Shape shape = x.shape;
  for (const int64_t axis : axes) {
    if (axis > static_cast<int64_t>(shape.size())) fail("has an axis beyond the others");
    shape.insert(shape.begin() + axis, 1);
  }
  call.make(add_reshape(call.draft(), call.name(), x, shape));
}

void read_transpose(OnnxCall& call) {
  const Computed& x = call.computed(0);
  Values reversed;
  for (size_t i = x.shape.size(); i-- > 0;) reversed.push_back(static_cast<int64_t>(i));
  call.make(add_transpose(call.draft(), call.name(), x, call.integers("perm", reversed)));
}

// With one index and no axis for it, the axis disappears.
void read_gather(OnnxCall& call) {
  const Constant& indices = call.constant(1);
  const Computed& x = call.computed(0);
  const int64_t axis = call.integer("axis", 0);
  if (indices.shape.size() > 1) fail("gathers by indices of {} axes", indices.shape.size());
  Computed made = add_gather(call.draft(), call.name(), x, axis, whole_numbers(indices));
  if (!indices.shape.empty()) return call.make(made);
  Shape shape = made.shape;
  shape.erase(shape.begin() + static_cast<std::ptrdiff_t>(axis_of(axis, shape.size())));
  call.make(call.draft().reshaped(made, shape));
}

// With indices of the first axis alone.
void read_gather_nd(OnnxCall& call) {
  const Constant& indices = call.constant(1);
  if (call.integer("batch_dims", 0) != 0 || indices.shape.size() != 2 || indices.shape[1] != 1)
    fail("gathers by indices ({}); octet takes those of one axis", fmt::join(indices.shape, ", "));
  call.make(add_gather(call.draft(), call.name(), call.computed(0), 0, whole_numbers(indices)));
}

void read_expand(OnnxCall& call) {
  call.make(repeated(call.draft(), call.computed(0), call.integers(size_t{1})));
}

// Each side as often as the file says.
void read_tile(OnnxCall& call) {
  const Computed& x = call.computed(0);
  call.make(repeated(call.draft(), x, multiplied(x.shape, call.integers(size_t{1}))));
}

void read_depth_to_space(OnnxCall& call) {
  const std::string mode = call.text("mode", "DCR");
  if (mode != "DCR" && mode != "CRD") fail("has the mode '{}'", mode);
  call.make(add_depth_to_space(call.draft(), call.name(), call.computed(0),
                               call.integer("blocksize", 0),
                               mode == "DCR" ? BlockOrder::kByPixel : BlockOrder::kByChannel));
}

void read_space_to_depth(OnnxCall& call) {
  call.make(add_space_to_depth(call.draft(), call.name(), call.computed(0),
                               call.integer("blocksize", 0)));
}

struct Row {
  std::string_view type;
  OnnxOperator read;
};
constexpr std::array kRows = {
    Row{"Concat", read_concat},
    Row{"Slice", read_slice},
    Row{"Split", read_split},
    Row{"Pad", read_pad},
    Row{"Reshape", read_reshape},
    Row{"Flatten", read_flatten},
    Row{"Squeeze", read_squeeze},
    Row{"Unsqueeze", read_unsqueeze},
    Row{"Transpose", read_transpose},
    Row{"Gather", read_gather},
    Row{"GatherND", read_gather_nd},
    Row{"Tile", read_tile},
    Row{"Expand", read_expand},
    Row{"DepthToSpace", read_depth_to_space},
    Row{"SpaceToDepth", read_space_to_depth},
};

}  // namespace

OnnxOperator find_onnx_move(std::string_view type) {
  const auto* const row =
      std::find_if(kRows.begin(), kRows.end(), [&](const Row& r) { return r.type == type; });
  return row == kRows.end() ? nullptr : row->read;
}

}  // namespace octet
