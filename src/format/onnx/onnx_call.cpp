#include "format/onnx/onnx_call.h"

#include <algorithm>

#include "core/error.h"
#include "format/import/constants.h"

namespace octet {

const FileValues::Value& OnnxCall::input(size_t i) const {
  if (!has(i)) fail("has no input {}", i);
  const FileValues::Value* found = values_.find(node_.input(static_cast<int>(i)));
  if (found == nullptr) fail("reads '{}', which nothing makes", node_.input(static_cast<int>(i)));
  return *found;
}

bool OnnxCall::is_constant(size_t i) const {
  return has(i) && std::holds_alternative<Constant>(input(i));
}

const Computed& OnnxCall::computed(size_t i) const {
  const auto* value = std::get_if<Computed>(&input(i));
  if (value == nullptr) fail("reads a constant where a computed value is expected");
  return *value;
}

const Constant& OnnxCall::constant(size_t i) const {
  const auto* value = std::get_if<Constant>(&input(i));
  if (value == nullptr)
    fail("computes '{}'; octet takes constants there", node_.input(static_cast<int>(i)));
  return *value;
}

double OnnxCall::number(size_t i) const {
  const Constant& c = constant(i);
  if (c.values.empty()) fail("has an empty constant where a number is expected");
  return c.values.front();
}

std::vector<int64_t> OnnxCall::integers(size_t i) const { return whole_numbers(constant(i)); }

const onnx::AttributeProto* OnnxCall::find(std::string_view name) const {
  for (const auto& a : node_.attribute()) {
    if (a.name() == name) return &a;
  }
  return nullptr;
}

int64_t OnnxCall::integer(std::string_view name, int64_t otherwise) const {
  const auto* a = find(name);
  return a == nullptr ? otherwise : a->i();
}

double OnnxCall::real(std::string_view name, double otherwise) const {
  const auto* a = find(name);
  return a == nullptr ? otherwise : static_cast<double>(a->f());
}

std::string OnnxCall::text(std::string_view name, const std::string& otherwise) const {
  const auto* a = find(name);
  return a == nullptr ? otherwise : a->s();
}

std::vector<int64_t> OnnxCall::integers(std::string_view name,
                                        std::vector<int64_t> otherwise) const {
  const auto* a = find(name);
  if (a == nullptr) return otherwise;
  budget_.take(static_cast<size_t>(a->ints_size()), sizeof(int64_t));
  return {a->ints().begin(), a->ints().end()};
}

std::vector<double> OnnxCall::reals(std::string_view name) const {
  const auto* a = find(name);
  if (a == nullptr) return {};
  budget_.take(static_cast<size_t>(a->floats_size()), sizeof(double));
  return {a->floats().begin(), a->floats().end()};
}

std::optional<std::vector<int64_t>> OnnxCall::moved_integers(std::string_view name, size_t i,
                                                             int64_t opset) const {
  if (opset_ >= opset) return has(i) ? std::optional(integers(i)) : std::nullopt;
  return find(name) == nullptr ? std::nullopt : std::optional(integers(name, {}));
}

void OnnxCall::make(size_t output, FileValues::Value value) {
  if (output >= outputs()) fail("has {} outputs, and makes more", outputs());
  values_.set(node_.output(static_cast<int>(output)), std::move(value));
}

}  // namespace octet
