#include "format/tflite/tflite_call.h"

#include <algorithm>
#include <limits>
#include <utility>

#include "core/error.h"
#include "format/import/constants.h"

namespace octet {

std::string tensor_name(const tflite::SubGraph& graph, int32_t index) {
  const auto* name = graph.tensors()->Get(static_cast<uint32_t>(index))->name();
  return name == nullptr ? "" : name->str();
}

Shape tensor_shape(const tflite::SubGraph& graph, int32_t index) {
  const auto* shape = graph.tensors()->Get(static_cast<uint32_t>(index))->shape();
  return shape == nullptr ? Shape{} : Shape(shape->begin(), shape->end());
}

std::string TfliteCall::name() const { return tensor_name(graph_, op_.outputs()->Get(0)); }

Shape TfliteCall::output_shape() const { return tensor_shape(graph_, op_.outputs()->Get(0)); }

tflite::TensorType TfliteCall::output_type() const {
  return graph_.tensors()->Get(static_cast<uint32_t>(op_.outputs()->Get(0)))->type();
}

bool TfliteCall::has(size_t i) const {
  return i < inputs() && op_.inputs()->Get(static_cast<uint32_t>(i)) >= 0;
}

const FileValues::Value& TfliteCall::input(size_t i) const {
  if (!has(i)) fail("has no input {}", i);
  const int32_t index = op_.inputs()->Get(static_cast<uint32_t>(i));
  const FileValues::Value* found = values_.find(tensor_key(index));
  if (found == nullptr) fail("reads '{}', which nothing makes", tensor_name(graph_, index));
  return *found;
}

bool TfliteCall::is_constant(size_t i) const {
  return has(i) && std::holds_alternative<Constant>(input(i));
}

const Computed& TfliteCall::computed(size_t i) const {
  const auto* value = std::get_if<Computed>(&input(i));
  if (value == nullptr) fail("reads a constant where a computed value is expected");
  return *value;
}

const Constant& TfliteCall::constant(size_t i) const {
  const auto* value = std::get_if<Constant>(&input(i));
  if (value == nullptr) fail("computes its input {}; octet takes constants there", i);
  return *value;
}

const Shape& TfliteCall::shape(size_t i) const {
  const auto* value = std::get_if<Computed>(&input(i));
  return value == nullptr ? constant(i).shape : value->shape;
}

std::vector<int64_t> TfliteCall::integers(size_t i) const { return whole_numbers(constant(i)); }

void TfliteCall::make(size_t output, FileValues::Value value) {
  if (output >= outputs()) fail("has {} outputs, and makes more", outputs());
  values_.set(tensor_key(op_.outputs()->Get(static_cast<uint32_t>(output))), std::move(value));
}

void TfliteCall::make(Computed value, tflite::ActivationFunction fused) {
  const std::string after = name() + ".activation";
  switch (fused) {
    case tflite::ActivationFunction_NONE:
      break;
    case tflite::ActivationFunction_RELU:
      value = add_activation(draft_, after, ActivationKind::kRelu, value);
      break;
    case tflite::ActivationFunction_RELU6:
      value = add_activation(draft_, after, ActivationKind::kRelu6, value);
      break;
    case tflite::ActivationFunction_RELU_N1_TO_1:
      value = add_clip(draft_, after, value, {-1, 1});
      break;
    default:
      fail("includes the activation {}, which octet does not have", static_cast<int>(fused));
  }
  make(std::move(value));
}

void TfliteCall::make(Constant value, tflite::ActivationFunction fused) {
  constexpr double kNone = std::numeric_limits<double>::infinity();
  double low = 0, high = kNone;
  switch (fused) {
    case tflite::ActivationFunction_NONE:
      low = -kNone;
      break;
    case tflite::ActivationFunction_RELU:
      break;
    case tflite::ActivationFunction_RELU6:
      high = 6;
      break;
    case tflite::ActivationFunction_RELU_N1_TO_1:
      low = -1;
      high = 1;
      break;
    default:
      fail("includes the activation {}, which octet does not have", static_cast<int>(fused));
  }
  make(mapped(std::move(value), [&](double v) { return std::min(high, std::max(low, v)); }));
}

}  // namespace octet
