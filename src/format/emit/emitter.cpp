#include "format/emit/emitter.h"

#include <algorithm>
#include <utility>

namespace octet {

Emitter::Ref Emitter::define(Shape shape) {
  shapes_.push_back(std::move(shape));
  return static_cast<Ref>(shapes_.size() - 1);
}

Emitter::Ref Emitter::input(const std::string& name, ElementType type, Shape shape_in) {
  const Ref out = define(std::move(shape_in));
  emit_input(out, name, type);
  return out;
}

Emitter::Ref Emitter::constant(const std::string& name, const Tensor& tensor) {
  const Ref out = define(tensor.shape);
  emit_constant(out, name, tensor);
  return out;
}

Emitter::Ref Emitter::to_float(const std::string& name, Ref x) {
  const Ref out = define(shape(x));
  emit_to_float(out, name, x);
  return out;
}

Emitter::Ref Emitter::transpose(const std::string& name, Ref x, const std::vector<int64_t>& order) {
  Shape result;
  for (const int64_t axis : order) result.push_back(shape(x).at(static_cast<size_t>(axis)));
  const Ref out = define(std::move(result));
  emit_transpose(out, name, x, order);
  return out;
}

Emitter::Ref Emitter::reshape(const std::string& name, Ref x, const Shape& to) {
  const Ref out = define(to);
  emit_reshape(out, name, x);
  return out;
}

Emitter::Ref Emitter::quantized_conv(const std::string& name, Ref x, const Conv2d& op,
                                     const QuantizedConv& q, const QuantParams& input) {
  const Shape in = shape(x);
  const Ref out = define(op.output_shape(ShapeInputs(Conv2d::kTraits.name, name, {&in, 1})));
  emit_quantized_conv(out, name, x, op, q, input);
  return out;
}

Emitter::Ref Emitter::quantize(const std::string& name, Ref x, const QuantParams& params) {
  const Ref out = define(shape(x));
  emit_quantize(out, name, x, params);
  return out;
}

Emitter::Ref Emitter::image_from_bytes(const std::string& name, Ref bytes) {
  const Ref out = define(shape(bytes));
  emit_image_from_bytes(out, name, bytes);
  return out;
}

Emitter::Ref Emitter::binary(const std::string& name, BinaryKind kind, Ref a, Ref b) {
  Shape result = shape(a);
  for (size_t i = 0; i < result.size(); ++i) result[i] = std::max(result[i], shape(b).at(i));
  const Ref out = define(std::move(result));
  emit_binary(out, name, kind, {a, b});
  return out;
}

Emitter::Ref Emitter::concat(const std::string& name, const std::vector<Ref>& parts, int axis) {
  Shape result = shape(parts.at(0));
  const auto at = static_cast<size_t>(axis);
  for (size_t i = 1; i < parts.size(); ++i) result[at] += shape(parts[i])[at];
  const Ref out = define(std::move(result));
  emit_concat(out, name, parts, axis);
  return out;
}

Emitter::Ref Emitter::slice(const std::string& name, Ref x, int axis, int64_t begin, int64_t end) {
  Shape result = shape(x);
  result.at(static_cast<size_t>(axis)) = end - begin;
  const Ref out = define(std::move(result));
  emit_slice(out, name, x, {.axis = axis, .begin = begin, .end = end});
  return out;
}

Emitter::Ref Emitter::softmax(const std::string& name, Ref x, int axis) {
  const Ref out = define(shape(x));
  emit_softmax(out, name, x, axis);
  return out;
}

Emitter::Ref Emitter::reduce_sum(const std::string& name, Ref x, int axis) {
  Shape result = shape(x);
  result.erase(result.begin() + axis);
  const Ref out = define(std::move(result));
  emit_reduce_sum(out, name, x, axis);
  return out;
}

}  // namespace octet
