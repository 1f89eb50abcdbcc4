#include "engine/openvino/integer_steps.h"

#include <algorithm>
#include <cmath>
#include <map>
#include <nlohmann/json.hpp>
#include <optional>

#include "core/budget.h"
#include "core/error.h"
#include "core/json/parse_json.h"
#include "core/numeric/byte_table.h"
#include "engine/openvino/fake_quantize.h"
#include "engine/openvino/onnx_pairs.h"
#include "engine/openvino/table_look_up.h"
#include "graph/json/quantization_json.h"
#include "quant/params.h"
#include "quant/reference/integer_reference.h"

namespace octet {
namespace {

namespace op = ov::opset8;
using Value = ov::Output<ov::Node>;
using Consumers = std::set<ov::Input<ov::Node>>;

constexpr int kChannels = 1;  // of planes (N, C, H, W)
constexpr int kLast = 3;      // of rows (N, H, W, C)
// Values are counted in halves of their step, from the zero point: a scale of one would be taken
// out of the graph, and what is left then not be recognized as integers.
constexpr float kUnit = 0.5F;

ByteTable silu_table(const QuantParams& in, const QuantParams& out) {
  ByteTable table;
  const auto signed_table = activation_table(in, ActivationKind::kSilu, out);
  for (size_t i = 0; i < table.size(); ++i)
    table[i] = static_cast<uint8_t>(signed_table[i] - kInt8Min);
  return table;
}

ByteTable same_table() {
  ByteTable table;
  for (size_t i = 0; i < table.size(); ++i) table[i] = static_cast<uint8_t>(i);
  return table;
}

Value times(const Value& x, float factor) {
  return std::make_shared<op::Multiply>(x, scalar(factor));
}

// IR and ONNX have other versions of some operations.
bool is(const ov::Node& node, std::string_view type) { return node.get_type_info().name == type; }

// Resizing that only holds values of its input.
bool repeats_pixels(const ov::Node& node) {
  if (const auto* v4 = ov::as_type<const ov::op::v4::Interpolate>(&node))
    return v4->get_attrs().mode == ov::op::v4::Interpolate::InterpolateMode::NEAREST;
  if (const auto* v11 = ov::as_type<const ov::op::v11::Interpolate>(&node))
    return v11->get_attrs().mode == ov::op::v11::Interpolate::InterpolateMode::NEAREST;
  return false;
}

bool is_convolution(const ov::Node& node) {
  return ov::is_type<op::Convolution>(&node) || ov::is_type<op::GroupConvolution>(&node);
}

// A grid of the same zero point, of values in steps.
QuantParams in_whole_steps(const QuantParams& grid) {
  return {.scale = 1, .zero_point = grid.zero_point};
}

// SiLU is looked up by an operation that takes nothing but dense tensors in the order of their
// sides, while OpenVINO's convolutions keep the channels last. So what stands between convolutions
// has the channels last here, too, and a transposition before a convolution moves nothing.
//
// Convolutions give steps of their output, not real values: the factor that XNNPACK and ONNX
// Runtime scale accumulators by is the weights' scale then, and as it has few bits
// (quant/rounding_safe_scales.h), float32 is exact.
class IntegerSteps {
 public:
  IntegerSteps(ov::Model& model, std::map<std::string, QuantParams> before_silu)
      : model_(model), before_silu_(std::move(before_silu)) {}

  void run() {
    for (const auto& node : model_.get_ordered_ops()) visit(*node);
    model_.validate_nodes_and_infer_types();
  }

 private:
  // In units; as rows, too, where a table was looked up before.
  struct Steps {
    Value planes;
    std::optional<Value> rows;
    QuantParams grid;
  };

  void visit(ov::Node& node) {
    if (const QuantParams grid = rounded_to(node); grid.scale != 0) {
      visit_rounded(node, grid);
    } else if (ov::is_type<op::Concat>(&node)) {
      visit_concat(node);
    } else if (ov::is_type<op::Slice>(&node)) {
      visit_slice(node);
    } else if (is(node, "MaxPool") || repeats_pixels(node)) {
      visit_window(node);
    } else if (is(node, "DepthToSpace") || is(node, "ShuffleChannels")) {
      visit_moved(node);
    }
  }

  void visit_rounded(ov::Node& node, const QuantParams& grid) {
    if (in_steps(node, node.input_value(0), grid)) return;
    // The picture, or what is computed in float.
    const Limits limits{node.input_value(1), node.input_value(2)};
    steps_[node.output(0)] = {
        .planes = rounded(node.input_value(0), limits, grid), .rows = {}, .grid = grid};
  }

  bool in_steps(ov::Node& node, const Value& x, const QuantParams& grid) {
    if (const auto* silu = ov::as_type<const op::Swish>(x.get_node()))
      return visit_silu(node, silu->input_value(0), grid);
    if (ov::is_type<op::Relu>(x.get_node()))
      return visit_clamped(node, x.get_node()->input_value(0), kInt8Max, grid);
    if (const auto* clamp = ov::as_type<const op::Clamp>(x.get_node());
        clamp != nullptr && clamp->get_min() == 0 && clamp->get_max() > 0)
      return visit_clamped(node, clamp->input_value(0), quantize(clamp->get_max(), grid), grid);
    if (is(*x.get_node(), "AvgPool")) return visit_means(node, *x.get_node(), grid);
    const auto* sum = ov::as_type<const op::Add>(x.get_node());
    if (sum == nullptr) return false;
    if (is(*sum->get_input_node_ptr(0), "Interpolate")) return visit_interpolated(node, *sum, grid);
    const Steps* a = find(sum->input_value(0));
    const Steps* b = find(sum->input_value(1));
    if (a == nullptr || b == nullptr) return visit_bare(node, x, grid);
    visit_sum(node, *a, *b, grid);
    return true;
  }

  bool visit_silu(const ov::Node& node, const Value& conv, const QuantParams& grid) {
    const auto before = before_silu_.find(conv.get_node()->get_friendly_name());
    if (before == before_silu_.end()) return false;
    const QuantParams& in = before->second;
    const auto steps = conv_in_steps(conv, in);
    if (steps) replace(node, looked_up(*steps, in_whole_steps(in), silu_table(in, grid)), grid);
    return steps.has_value();
  }

  // ReLU and ReLU6: of the steps, those from 0 to `last` are left.
  bool visit_clamped(const ov::Node& node, const Value& conv, int last, const QuantParams& grid) {
    const auto steps = conv_in_steps(conv, grid);
    if (steps)
      replace_rounded(node, std::make_shared<op::Clamp>(*steps, 0, last - grid.zero_point), grid);
    return steps.has_value();
  }

  // Means of steps lie on the grid of the steps once they are rounded.
  bool visit_means(const ov::Node& node, const ov::Node& pool, const QuantParams& grid) {
    const Steps* x = find(pool.input_value(0));
    if (x == nullptr || x->grid != grid) return false;
    const auto means = pool.clone_with_new_inputs({x->planes});
    replace_planes(node, rounded(times(means, 1 / kUnit), in_whole_steps(grid)), grid);
    return true;
  }

  // Bilinear resizing, and the part that is added before rounding: exact in steps.
  bool visit_interpolated(const ov::Node& node, const op::Add& sum, const QuantParams& grid) {
    const ov::Node& resize = *sum.get_input_node_ptr(0);
    const Steps* x = find(resize.input_value(0));
    const auto part = ov::as_type_ptr<op::Constant>(sum.input_value(1).get_node_shared_ptr());
    if (x == nullptr || x->grid != grid || !part) return false;
    ov::OutputVector inputs = resize.input_values();
    inputs[0] = x->planes;
    const Value means = resize.clone_with_new_inputs(inputs)->output(0);
    const auto raised = std::make_shared<op::Add>(
        times(means, 1 / kUnit), scalar(part->cast_vector<float>().at(0) / grid.scale));
    replace_planes(node, rounded(raised, in_whole_steps(grid)), grid);
    return true;
  }

  void visit_sum(const ov::Node& node, const Steps& a, const Steps& b, const QuantParams& grid) {
    const auto sum = [&](const Value& x, const Value& y) {
      return std::make_shared<op::Add>(times(x, a.grid.scale / kUnit),
                                       times(y, b.grid.scale / kUnit));
    };
    if (a.rows && b.rows) {
      replace(node, steps_of(sum(*a.rows, *b.rows), grid, ov::element::u8), grid);
    } else {
      replace_planes(node, rounded(sum(a.planes, b.planes), grid), grid);
    }
  }

  // A convolution without an activation, or whose quantizer clamps.
  bool visit_bare(ov::Node& node, const Value& conv, const QuantParams& grid) {
    const auto steps = conv_in_steps(conv, grid);
    if (!steps) return false;
    const Consumers readers = consumers_of(node);
    if (std::all_of(readers.begin(), readers.end(), [](const auto& reader) {
          return ov::is_type<op::Result>(reader.get_node());
        })) {
      make_output(node, *steps, in_whole_steps(grid));
    } else {
      replace_rounded(node, *steps, grid);
    }
    return true;
  }

  static void make_output(ov::Node& node, const Value& steps, const QuantParams& in) {
    const auto real = std::make_shared<op::FakeQuantize>(steps, scalar(in.low()), scalar(in.high()),
                                                         node.input_value(3), node.input_value(4),
                                                         kInt8Max - kInt8Min + 1);
    real->set_friendly_name(node.get_friendly_name());
    real->output(0).set_names(node.output(0).get_names());
    for (ov::Input<ov::Node> reader : consumers_of(node)) reader.replace_source_output(real);
  }

  void visit_concat(const ov::Node& node) {
    if (ov::as_type<const op::Concat>(&node)->get_axis() != kChannels) return;
    ov::OutputVector planes, rows;
    std::optional<QuantParams> grid;
    for (const Value& input : node.input_values()) {
      const Steps* part = find(input);
      if (part == nullptr || (grid && *grid != part->grid)) return;
      planes.push_back(part->planes);
      if (part->rows) rows.push_back(*part->rows);
      grid = part->grid;
    }
    if (rows.size() == planes.size()) {
      replace_rows(node, consumers_of(node), std::make_shared<op::Concat>(rows, kLast), *grid);
    } else {
      replace_planes(node, std::make_shared<op::Concat>(planes, kChannels), *grid);
    }
  }

  void visit_slice(const ov::Node& node) {
    const Steps* x = find(node.input_value(0));
    const auto axis = ov::as_type_ptr<op::Constant>(node.input_value(4).get_node_shared_ptr());
    if (x == nullptr || !axis) return;
    if (axis->cast_vector<int64_t>() != std::vector<int64_t>{kChannels}) return visit_moved(node);
    const auto part = [&](const Value& from, int side) {
      return std::make_shared<op::Slice>(from, node.input_value(1), node.input_value(2),
                                         node.input_value(3),
                                         op::Constant::create(ov::element::i64, {1}, {side}));
    };
    if (x->rows) {
      replace_rows(node, consumers_of(node), part(*x->rows, kLast), x->grid);
    } else {
      replace_planes(node, part(x->planes, kChannels), x->grid);
    }
  }

  // Computed as they are; behind rows, a table that changes nothing makes dense rows again.
  void visit_window(ov::Node& node) {
    const Steps* x = find(node.input_value(0));
    if (x == nullptr) return;
    if (x->rows) {
      const Consumers readers = consumers_of(node);
      replace(node, readers, looked_up(node.output(0), x->grid, same_table()), x->grid);
    } else {
      ov::OutputVector inputs = node.input_values();
      inputs[0] = x->planes;
      replace_planes(node, node.clone_with_new_inputs(inputs)->output(0), x->grid);
    }
  }

  // Pixels that go elsewhere.
  void visit_moved(const ov::Node& node) {
    const Steps* x = find(node.input_value(0));
    if (x == nullptr) return;
    ov::OutputVector inputs = node.input_values();
    inputs[0] = x->planes;
    replace_planes(node, node.clone_with_new_inputs(inputs)->output(0), x->grid);
  }

  // What a convolution and its bias make, in steps of `out` from its zero point.
  std::optional<Value> conv_in_steps(const Value& real, const QuantParams& out) const {
    const auto* sum = ov::as_type<const op::Add>(real.get_node());
    if (sum == nullptr) return {};
    const ov::Node* conv = sum->input_value(0).get_node();
    const auto bias = ov::as_type_ptr<op::Constant>(sum->input_value(1).get_node_shared_ptr());
    if (!is_convolution(*conv) || !bias) return {};
    const auto x = steps_.find(conv->input_value(0));
    const auto* weight = ov::as_type<const op::Multiply>(conv->input_value(1).get_node());
    if (x == steps_.end() || weight == nullptr) return {};
    const auto scales = ov::as_type_ptr<op::Constant>(weight->input_value(1).get_node_shared_ptr());
    if (!scales) return {};
    auto factors = scales->cast_vector<float>();
    auto shifts = bias->cast_vector<float>();
    if (factors.size() != shifts.size()) return {};
    for (size_t c = 0; c < factors.size(); ++c) {
      const float product = x->second.grid.scale * factors[c];  // what an accumulator counts
      factors[c] = product / out.scale;
      shifts[c] =
          static_cast<float>(std::nearbyint(static_cast<double>(shifts[c]) / product) * factors[c]);
      factors[c] /= kUnit;
    }
    Value integers = weight->input_value(0);
    const bool single = factors.size() == 1 && repeat_channel(integers);
    if (single) {
      factors.push_back(2 * factors[0]);
      shifts.push_back(2 * shifts[0]);
    }
    const auto constant = [&](ov::Shape shape, size_t channels, const std::vector<float>& values) {
      if (single) shape[channels] = values.size();
      return op::Constant::create(ov::element::f32, shape, values);
    };
    const auto new_weight =
        std::make_shared<op::Multiply>(integers, constant(scales->get_shape(), 0, factors));
    const auto new_conv = conv->clone_with_new_inputs({x->second.planes, new_weight});
    new_conv->set_friendly_name(conv->get_friendly_name());
    const Value steps =
        std::make_shared<op::Add>(new_conv, constant(bias->get_shape(), kChannels, shifts));
    return single ? first_channel(steps) : steps;
  }

  // Of a convolution of one channel, OpenVINO rounds what lies in the middle between two steps to
  // either side. With a second channel that has another factor, and that nobody reads, it does not.
  static bool repeat_channel(Value& integers) {
    const auto* converted = ov::as_type<const op::Convert>(integers.get_node());
    if (converted == nullptr) return false;
    const auto stored =
        ov::as_type_ptr<op::Constant>(converted->input_value(0).get_node_shared_ptr());
    if (!stored || stored->get_shape().size() != 4) return false;
    const auto once = stored->cast_vector<int8_t>();
    auto values = once;
    values.insert(values.end(), once.begin(), once.end());
    ov::Shape shape = stored->get_shape();
    shape[0] = 2;
    integers = std::make_shared<op::Convert>(
        op::Constant::create(stored->get_element_type(), shape, values), ov::element::f32);
    return true;
  }
  static Value first_channel(const Value& planes) {
    const auto number = [](int64_t n) { return op::Constant::create(ov::element::i64, {1}, {n}); };
    return std::make_shared<op::Slice>(planes, number(0), number(1), number(1), number(kChannels));
  }

  // Bytes (N, H, W, C), from planes rounded to `in`.
  static Value looked_up(const Value& planes, const QuantParams& in, const ByteTable& table) {
    const Value bytes = channels_last(steps_of(planes, in, ov::element::u8));
    const auto values =
        std::make_shared<op::Constant>(ov::element::u8, ov::Shape{table.size()}, table.data());
    return std::make_shared<TableLookUp>(bytes, values);
  }

  // Planes rounded to `grid`, in units.
  static Value rounded(const Value& planes, const QuantParams& grid) {
    return rounded(planes, {scalar(grid.low()), scalar(grid.high())}, grid);
  }
  static Value rounded(const Value& planes, const Limits& limits, const QuantParams& grid) {
    const auto units = [&](int q) {
      return scalar(kUnit * static_cast<float>(q - grid.zero_point));
    };
    return std::make_shared<op::FakeQuantize>(planes, limits.low, limits.high, units(kInt8Min),
                                              units(kInt8Max), kInt8Max - kInt8Min + 1);
  }

  [[nodiscard]] const Steps* find(const Value& real) const {
    const auto at = steps_.find(real);
    return at == steps_.end() ? nullptr : &at->second;
  }
  static Consumers consumers_of(const ov::Node& node) { return node.output(0).get_target_inputs(); }

  // OpenVINO does not round what it adds within a convolution; so that goes through a table that
  // changes nothing.
  void replace_rounded(const ov::Node& node, const Value& steps, const QuantParams& grid) {
    const Consumers readers = consumers_of(node);
    const bool added = std::any_of(readers.begin(), readers.end(), [](const auto& reader) {
      return ov::is_type<op::Add>(reader.get_node());
    });
    if (added) {
      replace(node, looked_up(steps, in_whole_steps(grid), same_table()), grid);
    } else {
      replace_planes(node, rounded(steps, in_whole_steps(grid)), grid);
    }
  }

  // Profiles show the names of nodes.
  static void name_after(const ov::Node& node, const char* part, const Value& made) {
    made.get_node()->set_friendly_name(node.get_friendly_name() + part);
  }

  void replace(const ov::Node& node, const Value& bytes, const QuantParams& grid) {
    replace(node, consumers_of(node), bytes, grid);
  }
  void replace(const ov::Node& node, const Consumers& readers, const Value& bytes,
               const QuantParams& grid) {
    name_after(node, ".bytes", bytes);
    const auto from_zero =
        std::make_shared<op::Subtract>(std::make_shared<op::Convert>(bytes, ov::element::f32),
                                       scalar(static_cast<float>(grid.zero_point - kInt8Min)));
    replace_rows(node, readers, times(from_zero, kUnit), grid);
  }
  void replace_rows(const ov::Node& node, const Consumers& readers, const Value& rows,
                    const QuantParams& grid) {
    name_after(node, ".rows", rows);
    replace(node, readers, {.planes = channels_first(rows), .rows = rows, .grid = grid});
  }
  void replace_planes(const ov::Node& node, const Value& planes, const QuantParams& grid) {
    name_after(node, ".planes", planes);
    replace(node, consumers_of(node), {.planes = planes, .rows = {}, .grid = grid});
  }
  void replace(const ov::Node& node, const Consumers& readers, const Steps& steps) {
    const Value real = times(steps.planes, steps.grid.scale / kUnit);
    real.get_node()->set_friendly_name(node.get_friendly_name());
    for (ov::Input<ov::Node> reader : readers) reader.replace_source_output(real);
    steps_[real] = steps;
  }

  ov::Model& model_;
  std::map<std::string, QuantParams> before_silu_;
  std::map<Value, Steps> steps_;  // by the real planes that stand for them
};

std::map<std::string, QuantParams> read_before_silu(const ov::Model& model,
                                                    const std::string& name) {
  if (!model.has_rt_info(kBeforeSiluKey)) return {};
  try {
    const auto text = model.get_rt_info<std::string>(kBeforeSiluKey);
    Budget budget(name, text.size());
    return quant_params_from_json(parse_json(text, budget));
  } catch (const std::exception& e) {
    fail("{}: its {} is damaged: {}", name, kBeforeSiluKey, e.what());
  }
}

}  // namespace

void compute_in_steps(ov::Model& model, const std::string& name) {
  if (model.is_dynamic()) return;
  if (model.has_rt_info("octet")) {
    IntegerSteps(model, read_before_silu(model, name)).run();
  } else if (model.has_rt_info("framework", "octet")) {
    IntegerSteps(model, take_ir_form(model)).run();
  }
}

}  // namespace octet
