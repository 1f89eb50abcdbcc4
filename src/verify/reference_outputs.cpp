#include "verify/reference_outputs.h"

#include <algorithm>
#include <utility>

#include "core/error.h"
#include "quant/params.h"
#include "quant/reference/float_reference.h"

namespace octet {
namespace {

FloatTensor float_image(std::span<const uint8_t> image, Size size) {
  const size_t pixels = static_cast<size_t>(size.width) * static_cast<size_t>(size.height);
  FloatTensor x{.shape = {3, size.height, size.width}, .values = std::vector<float>(pixels * 3)};
  for (size_t i = 0; i < pixels; ++i) {
    for (size_t c = 0; c < 3; ++c)
      x.values[c * pixels + i] = static_cast<float>(image[i * 3 + c]) / 255.0F;
  }
  return x;
}

IntegerTensor in_steps(const FloatTensor& x) {
  const auto [low, high] = std::minmax_element(x.values.begin(), x.values.end());
  IntegerTensor out{.shape = x.shape, .params = params_for_range(*low, *high), .values = {}};
  out.values.reserve(x.values.size());
  for (const float v : x.values) out.values.push_back(quantize(v, out.params));
  return out;
}

}  // namespace

std::vector<Port> ReferenceOutputs::ports() const {
  std::vector<Port> list;
  for (size_t i = 0; i < names.size(); ++i) list.push_back({.name = names[i], .shape = shapes[i]});
  return list;
}

std::vector<TensorView> ReferenceOutputs::views() {
  std::vector<TensorView> list;
  for (size_t i = 0; i < real.size(); ++i)
    list.push_back({.data = real[i].data(), .shape = shapes[i]});
  return list;
}

const IntegerTensor& ReferenceOutputs::named(const std::string& name) const {
  const auto at = std::find(names.begin(), names.end(), name);
  if (at == names.end()) fail("the export has an output '{}', the model has none", name);
  return integers[static_cast<size_t>(at - names.begin())];
}

Reference::Reference(const Model& model) : model_(model) {
  if (!model.quantization.empty()) integer_.emplace(model);
}

ReferenceOutputs Reference::run(std::span<const uint8_t> image, Size size) const {
  ReferenceOutputs out = integer_ ? run_in_steps(image, size) : run_float(image, size);
  for (const IntegerTensor& t : out.integers)
    out.shapes.push_back({1, t.shape[0], t.shape[1], t.shape[2]});
  return out;
}

ReferenceOutputs Reference::run_in_steps(std::span<const uint8_t> image, Size size) const {
  ReferenceOutputs out{.values = integer_->run(image, size)};
  for (const Output& o : model_.outputs()) {
    out.names.push_back(o.name());
    out.integers.push_back(out.values.at(o.value));
    out.real.push_back(out.integers.back().real());
  }
  return out;
}

ReferenceOutputs Reference::run_float(std::span<const uint8_t> image, Size size) const {
  auto values = run_in_float(model_.graph, float_image(image, size));
  ReferenceOutputs out;
  for (const Output& o : model_.outputs()) {
    FloatTensor& t = values.at(o.value);
    out.names.push_back(o.name());
    out.integers.push_back(in_steps(t));
    out.real.push_back(std::move(t.values));
  }
  return out;
}

}  // namespace octet
