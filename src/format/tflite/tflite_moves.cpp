#include "format/tflite/tflite_moves.h"

#include <limits>

#include "format/tflite/weight_layout.h"

namespace octet {

QuantParams TfliteMoves::params_of(Tensor t) {
  const auto& q = *at(t).quantization;
  return {.scale = q.scale[0], .zero_point = static_cast<int>(q.zero_point[0])};
}

TfliteMoves::Tensor TfliteMoves::transposed(const std::string& name, Tensor t, const Shape& s,
                                            const std::vector<int64_t>& order) {
  Shape to;
  for (const int64_t axis : order) to.push_back(s[static_cast<size_t>(axis)]);
  const Tensor out = like(name, t, to);
  constexpr auto kCode = tflite::BuiltinOperator_TRANSPOSE;
  add(kCode, is_int8(t) ? int8_version(kCode) : kFloatVersion,
      {t, integers(name + ".order", order)}, out, tflite::TransposeOptionsT{});
  return out;
}

TfliteMoves::Tensor TfliteMoves::like(const std::string& name, Tensor t, const Shape& s) {
  const Tensor out = tensor(name, s, tflite::TensorType_FLOAT32);
  if (is_int8(t)) quantize(out, params_of(t));
  return out;
}

TfliteMoves::Tensor TfliteMoves::reshaped(const std::string& name, Tensor t, const Shape& s) {
  const Tensor to = like(name, t, s);
  tflite::ReshapeOptionsT options;
  for (const int64_t d : s) options.new_shape.push_back(static_cast<int32_t>(d));
  add(tflite::BuiltinOperator_RESHAPE, kFloatVersion, {t, integers(name + ".shape", s)}, to,
      options);
  return to;
}

TfliteMoves::Tensor TfliteMoves::repeated(const std::string& name, Tensor t, int axis, int times) {
  Shape s = shape(t);
  s[static_cast<size_t>(axis)] *= times;
  const Tensor to = like(name, t, s);
  tflite::ConcatenationOptionsT options;
  options.axis = axis;
  constexpr auto kCode = tflite::BuiltinOperator_CONCATENATION;
  add(kCode, is_int8(t) ? int8_version(kCode) : kFloatVersion,
      std::vector<Tensor>(static_cast<size_t>(times), t), to, options);
  return to;
}

TfliteMoves::Tensor TfliteMoves::every_nth(const std::string& name, Tensor t, int n,
                                           const Shape& nchw) {
  const Shape to = channels_last(nchw);  // (1, H, W, C)
  const Shape before = shape(t);
  t = padded(name + ".whole", t,
             {.rows = {0, to[1] * n - before[1]}, .columns = {0, to[2] * n - before[2]}});
  const Shape s = shape(t);
  const Tensor rows = reshaped(name + ".rows", t, {1, to[1], n * s[2], s[3]});
  const Tensor kept = leading(name + ".kept", rows, 2, s[2]);
  const Tensor columns = reshaped(name + ".columns", kept, {1, to[1], to[2], n * s[3]});
  return leading(name, columns, 3, s[3]);
}

TfliteMoves::Tensor TfliteMoves::cut(const std::string& name, Tensor t, Corner corner,
                                     const Shape& to) {
  const Tensor out = like(name, t, to);
  constexpr auto kCode = tflite::BuiltinOperator_STRIDED_SLICE;
  add(kCode, is_int8(t) ? int8_version(kCode) : kFloatVersion,
      {t, integers(name + ".begin", {0, corner.top, corner.left, 0}),
       integers(name + ".end", {to[0], corner.top + to[1], corner.left + to[2], to[3]}),
       integers(name + ".step", {1, 1, 1, 1})},
      out, tflite::StridedSliceOptionsT{});
  return out;
}

TfliteMoves::Tensor TfliteMoves::leading(const std::string& name, Tensor t, size_t axis,
                                         int64_t count) {
  Shape end = shape(t);
  end[axis] = count;
  const Tensor to = like(name, t, end);
  constexpr auto kCode = tflite::BuiltinOperator_STRIDED_SLICE;
  add(kCode, is_int8(t) ? int8_version(kCode) : kFloatVersion,
      {t, integers(name + ".begin", std::vector<int64_t>(end.size(), 0)),
       integers(name + ".end", end), integers(name + ".step", std::vector<int64_t>(end.size(), 1))},
      to, tflite::StridedSliceOptionsT{});
  return to;
}

TfliteMoves::Tensor TfliteMoves::sides(const std::string& name, const Sides& amounts) {
  const auto& [rows, columns, channels] = amounts;
  const std::vector<int32_t> numbers{0,
                                     0,
                                     int32_t(rows.before),
                                     int32_t(rows.after),
                                     int32_t(columns.before),
                                     int32_t(columns.after),
                                     0,
                                     int32_t(channels)};
  return constant(name + ".sides", {4, 2}, tflite::TensorType_INT32,
                  std::as_bytes(std::span(numbers)));
}

TfliteMoves::Tensor TfliteMoves::least_value(const std::string& name, Tensor t) {
  if (!is_int8(t)) {
    const float least = std::numeric_limits<float>::lowest();
    return constant(name, {}, tflite::TensorType_FLOAT32, std::as_bytes(std::span(&least, 1)));
  }
  return step(name, t, static_cast<int8_t>(kInt8Min));
}

TfliteMoves::Tensor TfliteMoves::step(const std::string& name, Tensor t, int8_t step) {
  const Tensor out =
      constant(name, {}, tflite::TensorType_INT8, std::as_bytes(std::span(&step, 1)));
  quantize(out, params_of(t));
  return out;
}

TfliteMoves::Tensor TfliteMoves::padded_by(const std::string& name, Tensor x, Tensor sides,
                                           Tensor value, const Shape& to) {
  const Tensor out = like(name, x, to);
  constexpr auto kPad = tflite::BuiltinOperator_PADV2;
  add(kPad, is_int8(x) ? int8_version(kPad) : kFloatVersion, {x, sides, value}, out,
      tflite::PadV2OptionsT{});
  return out;
}

TfliteMoves::Tensor TfliteMoves::padded(const std::string& name, Tensor x, const Sides& amounts) {
  const auto& [rows, columns, channels] = amounts;
  if (rows.before + rows.after + columns.before + columns.after + channels == 0) return x;
  Shape s = shape(x);
  s[1] += rows.before + rows.after;
  s[2] += columns.before + columns.after;
  s[3] += channels;
  const Tensor t = like(name, x, s);
  constexpr auto kPad = tflite::BuiltinOperator_PAD;
  add(kPad, is_int8(x) ? int8_version(kPad) : kFloatVersion, {x, sides(name, amounts)}, t,
      tflite::PadOptionsT{});
  return t;
}

}  // namespace octet
