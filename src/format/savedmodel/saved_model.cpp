#include "format/savedmodel/saved_model.h"

#include <algorithm>
#include <numeric>

#include "format/emit/lower.h"
#include "format/savedmodel/saved_model_emitter.h"
#include "format/tflite/weight_layout.h"

namespace octet {
namespace {

constexpr int kPictureAxis[] = {0, 3, 1, 2};  // where an axis of (N, C, H, W) is in NHWC

bool has_one_element(const Shape& shape) { return element_count(shape) == 1; }

}  // namespace

Shape SavedModelEmitter::file_shape(Ref ref) const {
  return value(ref).picture ? channels_last(shape(ref)) : shape(ref);
}

std::string SavedModelEmitter::plain(Ref ref) {
  const Value v = value(ref);
  return v.picture ? transposed(v.name + ".nchw", v.name, {0, 3, 1, 2}) : v.name;
}

void SavedModelEmitter::emit_input(Ref out, const std::string& name, ElementType type) {
  const bool bytes = type == ElementType::kUint8;  // (1, H, W, 3); floats are (1, 3, H, W)
  const Shape sides = bytes ? shape(out) : channels_last(shape(out));
  define(out, {.name = graph_.input(name, bytes ? tf::DT_UINT8 : tf::DT_FLOAT, sides),
               .picture = !bytes});
}

// Between the orders of shape() and of the file there is nothing to do.
void SavedModelEmitter::emit_transpose(Ref out, const std::string& name, Ref x,
                                       const std::vector<int64_t>& order) {
  const Value v = value(x);
  if (!v.picture && order == std::vector<int64_t>{0, 3, 1, 2})
    return define(out, {.name = v.name, .picture = true});
  if (v.picture && order == std::vector<int64_t>{0, 2, 3, 1}) return define(out, {.name = v.name});
  define(out, {.name = transposed(name, plain(x), order)});
}

std::string SavedModelEmitter::reshaped(const std::string& name, const std::string& x,
                                        const Shape& shape) {
  return graph_.add_float("Reshape", name, {x, graph_.integers(name + ".shape", shape)})
      .type("Tshape", tf::DT_INT32)
      .name();
}

std::string SavedModelEmitter::transposed(const std::string& name, const std::string& x,
                                          const std::vector<int64_t>& order) {
  return graph_.add_float("Transpose", name, {x, graph_.integers(name + ".order", order)})
      .type("Tperm", tf::DT_INT32)
      .name();
}

std::string SavedModelEmitter::padded(const std::string& name, const std::string& x,
                                      const std::vector<int64_t>& sides, float value) {
  return graph_
      .add_float(
          "PadV2", name,
          {x, graph_.paddings(name + ".sides", sides), graph_.scalar(name + ".value", value)})
      .type("Tpaddings", tf::DT_INT32)
      .name();
}

std::string SavedModelEmitter::sliced(const std::string& name, const std::string& x,
                                      const Ends& ends) {
  return graph_
      .add_float(
          "StridedSlice", name,
          {x, graph_.integers(name + ".begin", ends.begin),
           graph_.integers(name + ".end", ends.end), graph_.integers(name + ".step", ends.step)})
      .type("Index", tf::DT_INT32)
      .name();
}

// Scales have 16 bits, so that both ends are exact, and TensorFlow's own nudging changes nothing.
std::string SavedModelEmitter::fake_quantized(const std::string& name, const std::string& x,
                                              const QuantParams& p) {
  return graph_
      .add("FakeQuantWithMinMaxVars", name,
           {x, graph_.scalar(name + ".min", p.low()), graph_.scalar(name + ".max", p.high())})
      .integer("num_bits", 8)
      .flag("narrow_range", false)
      .name();
}

void SavedModelEmitter::emit_image_from_bytes(Ref out, const std::string& name, Ref bytes) {
  const std::string scale = graph_.scalar(name + ".scale", kImageParams.scale);
  const std::string real = cast(name + ".float", value(bytes).name);
  const std::string fraction = graph_.add_float("Mul", name + ".fraction", {real, scale}).name();
  define(out,
         {.name = fake_quantized(name, fraction, kImageParams), .picture = value(bytes).picture});
}

// A single value has the same place in every order.
void SavedModelEmitter::emit_binary(Ref out, const std::string& name, BinaryKind kind,
                                    std::pair<Ref, Ref> operands) {
  const char* type = kind == BinaryKind::kAdd        ? "AddV2"
                     : kind == BinaryKind::kSubtract ? "Sub"
                                                     : "Mul";
  const auto [a, b] = operands;
  const auto fits = [&](Ref x) { return value(x).picture || has_one_element(shape(x)); };
  const bool picture = (value(a).picture || value(b).picture) && fits(a) && fits(b);
  const std::vector<std::string> in =
      picture ? std::vector{value(a).name, value(b).name} : std::vector{plain(a), plain(b)};
  define(out, {.name = graph_.add_float(type, name, in).name(), .picture = picture});
}

void SavedModelEmitter::emit_concat(Ref out, const std::string& name, const std::vector<Ref>& parts,
                                    int axis) {
  const bool picture =
      std::all_of(parts.begin(), parts.end(), [&](Ref part) { return value(part).picture; });
  std::vector<std::string> in;
  for (const Ref part : parts) in.push_back(picture ? value(part).name : plain(part));
  in.push_back(graph_.integer(name + ".axis", picture ? kPictureAxis[axis] : axis));
  define(out, {.name = graph_.add_float("ConcatV2", name, in)
                           .integer("N", static_cast<int64_t>(parts.size()))
                           .type("Tidx", tf::DT_INT32)
                           .name(),
               .picture = picture});
}

void SavedModelEmitter::emit_slice(Ref out, const std::string& name, Ref x, Range range) {
  const Value v = value(x);
  const auto axis = static_cast<size_t>(v.picture ? kPictureAxis[range.axis] : range.axis);
  Ends ends{.begin = {}, .end = file_shape(x), .step = {}};
  ends.begin.assign(ends.end.size(), 0);
  ends.step.assign(ends.end.size(), 1);
  ends.begin[axis] = range.begin;
  ends.end[axis] = range.end;
  define(out, {.name = sliced(name, v.name, ends), .picture = v.picture});
}

// TensorFlow's works along the last axis.
void SavedModelEmitter::emit_softmax(Ref out, const std::string& name, Ref x, int axis) {
  std::vector<int64_t> order(shape(x).size());
  std::iota(order.begin(), order.end(), 0);
  std::swap(order.at(static_cast<size_t>(axis)), order.back());
  const std::string before = transposed(name + ".before", plain(x), order);
  const std::string last = graph_.add_float("Softmax", name + ".last", {before}).name();
  define(out, {.name = transposed(name, last, order)});
}

void SavedModelEmitter::emit_reduce_sum(Ref out, const std::string& name, Ref x, int axis) {
  const std::string axes = graph_.integers(name + ".axes", {axis});
  define(out, {.name = graph_.add_float("Sum", name, {plain(x), axes})
                           .type("Tidx", tf::DT_INT32)
                           .flag("keep_dims", false)
                           .name()});
}

std::string make_saved_model(const Model& model, Size size, Layout layout) {
  SavedModelEmitter emitter;
  lower(model, size, layout, emitter);
  return emitter.serialize();
}

}  // namespace octet
