#include "engine/openvino/fake_quantize.h"

#include <cmath>
#include <optional>

namespace octet {
namespace {

namespace op = ov::opset8;

constexpr size_t kSteps = kInt8Max - kInt8Min + 1;

std::optional<float> number(const ov::Output<ov::Node>& value) {
  const auto constant = ov::as_type_ptr<op::Constant>(value.get_node_shared_ptr());
  if (!constant || ov::shape_size(constant->get_shape()) != 1) return {};
  return constant->cast_vector<float>()[0];
}

ov::Output<ov::Node> transposed(const ov::Output<ov::Node>& x, const std::vector<int64_t>& order) {
  return std::make_shared<op::Transpose>(x, op::Constant::create(ov::element::i64, {4}, order));
}

}  // namespace

QuantParams rounded_to(const ov::Node& node) {
  constexpr QuantParams kNone{.scale = 0, .zero_point = 0};
  const auto* fake = ov::as_type<const op::FakeQuantize>(&node);
  if (fake == nullptr || fake->get_levels() != kSteps) return kNone;
  const auto low = number(fake->input_value(3));
  const auto high = number(fake->input_value(4));
  if (!low || !high || !(*high > *low)) return kNone;
  const float scale = (*high - *low) / (kSteps - 1);
  const float zero_point = kInt8Min - std::nearbyint(*low / scale);
  if (!(zero_point >= kInt8Min && zero_point <= kInt8Max)) return kNone;
  return {.scale = scale, .zero_point = static_cast<int>(zero_point)};
}

ov::Output<ov::Node> steps_of(const ov::Output<ov::Node>& real, const QuantParams& p,
                              ov::element::Type type) {
  return steps_of(real, {scalar(p.low()), scalar(p.high())}, type);
}

ov::Output<ov::Node> steps_of(const ov::Output<ov::Node>& real, const Limits& limits,
                              ov::element::Type type) {
  const float first = type == ov::element::u8 ? 0.0F : kInt8Min;
  const auto steps = std::make_shared<op::FakeQuantize>(
      real, limits.low, limits.high, scalar(first), scalar(first + kSteps - 1), kSteps);
  return std::make_shared<op::Convert>(steps, type);
}

std::shared_ptr<ov::Node> scalar(float value) {
  return op::Constant::create(ov::element::f32, {}, {value});
}

ov::Output<ov::Node> channels_last(const ov::Output<ov::Node>& planes) {
  return transposed(planes, {0, 2, 3, 1});
}
ov::Output<ov::Node> channels_first(const ov::Output<ov::Node>& rows) {
  return transposed(rows, {0, 3, 1, 2});
}

}  // namespace octet
