#include "engine/openvino/onnx_pairs.h"

#include <algorithm>
#include <optional>
#include <string_view>

#include "engine/openvino/fake_quantize.h"

namespace octet {
namespace {

namespace op = ov::opset8;
using Value = ov::Output<ov::Node>;
using Numbers = std::vector<float>;

template <typename T>
const T* made_by(const Value& value) {
  return ov::as_type<const T>(value.get_node());
}

// Behind conversions and reshapes of a constant.
const op::Constant* constant_behind(Value value) {
  while (made_by<op::Convert>(value) != nullptr || made_by<op::Reshape>(value) != nullptr)
    value = value.get_node()->input_value(0);
  return made_by<op::Constant>(value);
}

// What a DequantizeLinear reads: (integers − zero point) · scale.
struct Dequantized {
  Value integers;
  Numbers zero_points, scales;
};

std::optional<Dequantized> dequantized(const Value& real) {
  const auto* product = made_by<op::Multiply>(real);
  if (product == nullptr) return {};
  const auto* shifted = made_by<op::Subtract>(product->input_value(0));
  const op::Constant* scales = constant_behind(product->input_value(1));
  if (shifted == nullptr || scales == nullptr) return {};
  const auto* converted = made_by<op::Convert>(shifted->input_value(0));
  const op::Constant* zeros = constant_behind(shifted->input_value(1));
  if (converted == nullptr || zeros == nullptr ||
      zeros->get_element_type() != converted->get_input_element_type(0))
    return {};
  return Dequantized{.integers = converted->input_value(0),
                     .zero_points = zeros->cast_vector<float>(),
                     .scales = scales->cast_vector<float>()};
}

// Of a constant with one scale for each of its first side.
bool per_channel(const Dequantized& d, size_t sides) {
  return made_by<op::Constant>(d.integers) != nullptr && d.integers.get_shape().size() == sides &&
         d.integers.get_shape()[0] == d.scales.size() &&
         std::all_of(d.zero_points.begin(), d.zero_points.end(), [](float z) { return z == 0; });
}

bool is(const ov::Node& node, std::string_view type) { return node.get_type_info().name == type; }

struct WithNumber {
  Value x;
  float number;
};

// The operands of a node, one of them a number.
std::optional<WithNumber> with_number(const ov::Node& node) {
  for (const size_t i : {0, 1}) {
    const auto* constant = made_by<op::Constant>(node.input_value(i));
    if (constant != nullptr && ov::shape_size(constant->get_shape()) == 1)
      return WithNumber{node.input_value(1 - i), constant->cast_vector<float>()[0]};
  }
  return {};
}

class IrForm {
 public:
  std::map<std::string, QuantParams> take(ov::Model& model) {
    for (const auto& node : model.get_ordered_ops()) visit(*node);
    model.validate_nodes_and_infer_types();
    return std::move(before_silu_);
  }

 private:
  void visit(ov::Node& node) {
    if (const auto d = dequantized(node.output(0))) {
      visit_dequantized(node, *d);
    } else if (ov::is_type<op::Multiply>(&node)) {
      visit_product(node);
    } else if (ov::is_type<op::Add>(&node)) {
      visit_bias(node);
    } else if (ov::is_type<op::GroupConvolution>(&node)) {
      visit_groups(node);
    } else if (is(node, "Minimum")) {
      visit_minimum(node);
    } else if (is(node, "Concat")) {
      move_grid(node, node.get_input_size());
    } else if (is(node, "Slice") || is(node, "MaxPool") || is(node, "Interpolate")) {
      move_grid(node, 1);
    } else if (is(node, "Identity")) {
      node.input_value(0).add_names(node.output(0).get_names());
      replace(node, node.input_value(0));
    }
  }

  void visit_dequantized(ov::Node& node, const Dequantized& d) {
    if (per_channel(d, 4)) {
      const auto scales =
          op::Constant::create(ov::element::f32, {d.scales.size(), 1, 1, 1}, d.scales);
      const auto weight = std::make_shared<op::Convert>(d.integers, ov::element::f32);
      replace(node, std::make_shared<op::Multiply>(weight, scales));
    } else if (d.scales.size() == 1 && d.zero_points.size() == 1) {
      visit_activation(node, d);
    }
  }

  // A picture's bytes, or what a QuantizeLinear made.
  void visit_activation(ov::Node& node, const Dequantized& d) {
    const ov::element::Type type = d.integers.get_element_type();
    if (type != ov::element::u8 && type != ov::element::i8) return;
    const int first = type == ov::element::u8 ? 0 : kInt8Min;
    const QuantParams grid{.scale = d.scales[0],
                           .zero_point = static_cast<int>(d.zero_points[0]) - first + kInt8Min};
    const auto* converted = made_by<op::Convert>(d.integers);
    const auto* fake =
        converted == nullptr ? nullptr : made_by<op::FakeQuantize>(converted->input_value(0));
    if (fake != nullptr) {
      visit_pair(node, *fake, grid);
    } else if (grid == kImageParams && first == 0) {
      const auto bytes = std::make_shared<op::Convert>(d.integers, ov::element::f32);
      take_grid(node, std::make_shared<op::FakeQuantize>(
                          bytes, scalar(0), scalar(kInt8Max - kInt8Min), scalar(grid.low()),
                          scalar(grid.high()), kInt8Max - kInt8Min + 1));
    }
  }

  // What is moved alone lies on its grid already.
  void visit_pair(ov::Node& node, const op::FakeQuantize& fake, const QuantParams& grid) {
    const Value x = before_rounding(fake.input_value(0), grid);
    const Value low = fake.input_value(1);
    const Value high = fake.input_value(2);
    const auto real =
        std::make_shared<op::FakeQuantize>(x, low, high, low, high, fake.get_levels());
    if (rounded_to(*real) != grid) return;
    const auto at = grids_.find(x);
    if (at != grids_.end() && at->second == grid) {
      replace(node, x);
    } else {
      take_grid(node, real);
    }
  }

  // Rounded before it is clamped, a value is the same.
  static Value before_rounding(const Value& x, const QuantParams& grid) {
    if (!is(*x.get_node(), "Relu") && !is(*x.get_node(), "Clamp")) return x;
    const auto* fake = made_by<op::FakeQuantize>(x.get_node()->input_value(0));
    if (fake == nullptr || rounded_to(*fake) != grid) return x;
    return x.get_node()->clone_with_new_inputs({fake->input_value(0)});
  }

  void take_grid(ov::Node& node, const std::shared_ptr<op::FakeQuantize>& real) {
    real->set_friendly_name(node.get_friendly_name());
    real->output(0).set_names(node.output(0).get_names());
    grids_[real->output(0)] = rounded_to(*real);
    replace(node, real);
  }

  void move_grid(ov::Node& node, size_t inputs) {
    const auto first = grids_.find(node.input_value(0));
    if (first == grids_.end()) return;
    const QuantParams grid = first->second;
    for (size_t i = 1; i < inputs; ++i) {
      const auto other = grids_.find(node.input_value(i));
      if (other == grids_.end() || other->second != grid) return;
    }
    grids_[node.output(0)] = grid;
  }

  void visit_product(ov::Node& node) {
    for (const size_t i : {0, 1}) {
      const Value x = node.input_value(i);
      const auto* gate = made_by<op::FakeQuantize>(node.input_value(1 - i));
      const auto* before = made_by<op::FakeQuantize>(x);
      if (gate == nullptr || before == nullptr || rounded_to(*gate) != kSigmoidParams) continue;
      const auto* sigmoid = made_by<op::Sigmoid>(gate->input_value(0));
      if (sigmoid == nullptr || sigmoid->input_value(0) != x) continue;
      const Value raw = before->input_value(0);
      before_silu_[raw.get_node()->get_friendly_name()] = rounded_to(*before);
      replace(node, std::make_shared<op::Swish>(raw));
      return;
    }
  }

  // Weights of groups are reshaped behind their scales: here before them, as in IR.
  static void visit_groups(ov::Node& node) {
    const auto* shaped = made_by<op::Reshape>(node.input_value(1));
    const auto* product =
        shaped == nullptr ? nullptr : made_by<op::Multiply>(shaped->input_value(0));
    const auto* converted =
        product == nullptr ? nullptr : made_by<op::Convert>(product->input_value(0));
    if (converted == nullptr) return;
    const auto* integers = made_by<op::Constant>(converted->input_value(0));
    const auto* scales = made_by<op::Constant>(product->input_value(1));
    const ov::Shape sides = shaped->get_output_shape(0);
    if (integers == nullptr || scales == nullptr || sides.size() != 5 ||
        ov::shape_size(scales->get_shape()) != sides[0] * sides[1])
      return;
    const auto weight = std::make_shared<op::Convert>(
        std::make_shared<op::Constant>(*integers, sides), ov::element::f32);
    const auto factors = op::Constant::create(ov::element::f32, {sides[0], sides[1], 1, 1, 1},
                                              scales->cast_vector<float>());
    node.input(1).replace_source_output(std::make_shared<op::Multiply>(weight, factors));
  }

  static void visit_bias(ov::Node& node) {
    if (made_by<op::Convolution>(node.input_value(0)) == nullptr &&
        made_by<op::GroupConvolution>(node.input_value(0)) == nullptr)
      return;
    const auto* shaped = made_by<op::Reshape>(node.input_value(1));
    if (shaped == nullptr) return;
    const auto d = dequantized(shaped->input_value(0));
    if (!d || !per_channel(*d, 1)) return;
    Numbers bias = made_by<op::Constant>(d->integers)->cast_vector<float>();
    for (size_t c = 0; c < bias.size(); ++c) bias[c] *= d->scales[c];
    const ov::Shape shape = shaped->get_output_shape(0);
    node.input(1).replace_source_output(op::Constant::create(ov::element::f32, shape, bias));
  }

  static void visit_minimum(ov::Node& node) {
    const auto high = with_number(node);
    if (!high || made_by<op::Maximum>(high->x) == nullptr) return;
    const auto low = with_number(*high->x.get_node());
    if (low && low->number <= high->number)
      replace(node, std::make_shared<op::Clamp>(low->x, low->number, high->number));
  }

  static void replace(ov::Node& node, const Value& with) {
    for (ov::Input<ov::Node> reader : node.output(0).get_target_inputs())
      reader.replace_source_output(with);
  }

  std::map<Value, QuantParams> grids_;  // on which a value lies
  std::map<std::string, QuantParams> before_silu_;
};

}  // namespace

std::map<std::string, QuantParams> take_ir_form(ov::Model& model) { return IrForm().take(model); }

}  // namespace octet
