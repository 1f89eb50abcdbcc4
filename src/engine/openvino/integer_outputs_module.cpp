#include <cmath>
#include <cstdint>
#include <istream>
#include <limits>
#include <openvino/opsets/opset8.hpp>
#include <optional>
#include <ostream>

#include "core/error.h"
#include "engine/openvino/integer_outputs.h"

namespace octet {
namespace {

namespace op = ov::opset8;
using Int8 = std::numeric_limits<int8_t>;

constexpr size_t kMostOutputs = 1000;

std::optional<float> number(const ov::Output<ov::Node>& value) {
  const auto constant = ov::as_type_ptr<op::Constant>(value.get_node_shared_ptr());
  if (!constant || ov::shape_size(constant->get_shape()) != 1) return {};
  return constant->cast_vector<float>()[0];
}

// What a FakeQuantize that only rounds and clamps, to 256 steps, says of its values.
IntegerOutput parameters(const ov::Node& node) {
  const auto* fake = ov::as_type<const op::FakeQuantize>(&node);
  constexpr int kSteps = Int8::max() - Int8::min();
  if (fake == nullptr || fake->get_levels() != kSteps + 1) return {};
  const auto low = number(fake->input_value(1));
  const auto high = number(fake->input_value(2));
  if (!low || !high || low != number(fake->input_value(3)) ||
      high != number(fake->input_value(4)) || !(*high > *low))
    return {};
  const float scale = (*high - *low) / kSteps;
  const float zero_point = static_cast<float>(Int8::min()) - std::nearbyint(*low / scale);
  if (!(std::abs(zero_point) <= -static_cast<float>(Int8::min()))) return {};
  return {.scale = scale, .zero_point = static_cast<int>(zero_point)};
}

}  // namespace

std::vector<IntegerOutput> keep_integers(ov::Model& model) {
  std::vector<IntegerOutput> outputs;
  for (const auto& result : model.get_results()) {
    outputs.emplace_back();
    const ov::Output<ov::Node> real = result->input_value(0);
    const IntegerOutput found = parameters(*real.get_node());
    if (found.scale == 0 || real.get_target_inputs().size() != 1 ||
        real.get_partial_shape().size() != 4)
      continue;
    const ov::Node& fake = *real.get_node();
    const auto limit = [](int8_t v) { return op::Constant::create(ov::element::f32, {}, {v}); };
    const auto steps = std::make_shared<op::FakeQuantize>(
        fake.input_value(0), fake.input_value(1), fake.input_value(2), limit(Int8::min()),
        limit(Int8::max()), Int8::max() - Int8::min() + 1);
    const auto integers = std::make_shared<op::Convert>(steps, ov::element::i8);
    const auto rows = std::make_shared<op::Transpose>(
        integers, op::Constant::create(ov::element::i64, {4}, {0, 2, 3, 1}));
    rows->output(0).set_names(real.get_names());
    result->input(0).replace_source_output(rows->output(0));
    outputs.back() = found;
  }
  model.validate_nodes_and_infer_types();
  return outputs;
}

void write_outputs(std::ostream& stream, const std::vector<IntegerOutput>& outputs) {
  const uint64_t count = outputs.size();
  stream.write(reinterpret_cast<const char*>(&count), sizeof(count));
  stream.write(reinterpret_cast<const char*>(outputs.data()),
               static_cast<std::streamsize>(count * sizeof(IntegerOutput)));
}

std::vector<IntegerOutput> read_outputs(std::istream& stream) {
  uint64_t count = 0;
  stream.read(reinterpret_cast<char*>(&count), sizeof(count));
  if (!stream || count > kMostOutputs) fail("has no list of outputs");
  std::vector<IntegerOutput> outputs(count);
  stream.read(reinterpret_cast<char*>(outputs.data()),
              static_cast<std::streamsize>(count * sizeof(IntegerOutput)));
  if (!stream) fail("its list of outputs is cut short");
  return outputs;
}

}  // namespace octet
