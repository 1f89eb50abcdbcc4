#include <cmath>
#include <map>
#include <nlohmann/json.hpp>
#include <optional>

#include "core/byte_table.h"
#include "core/error.h"
#include "engine/openvino/fake_quantize.h"
#include "engine/openvino/integer_steps.h"
#include "engine/openvino/onnx_pairs.h"
#include "engine/openvino/table_look_up.h"
#include "graph/quantization_json.h"
#include "quant/reference.h"

namespace octet {
namespace {

namespace op = ov::opset8;
using Value = ov::Output<ov::Node>;
using Readers = std::set<ov::Input<ov::Node>>;

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
// (quant/settle.h), float32 is exact.
class IntegerSteps {
 public:
  IntegerSteps(ov::Model& model, std::map<std::string, QuantParams> before_silu)
      : model_(model), before_silu_(std::move(before_silu)) {}

  void run() {
    for (const auto& node : model_.get_ordered_ops()) visit(*node);
    model_.validate_nodes_and_infer_types();
  }

 private:
  // In units; as rows, too, but for the picture.
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
    } else if (const std::string_view type = node.get_type_info().name;
               type == "MaxPool" || type == "Interpolate") {  // IR and ONNX have other versions
      visit_window(node);
    }
  }

  void visit_rounded(ov::Node& node, const QuantParams& grid) {
    const Value x = node.input_value(0);
    if (grid == kImageParams) {
      const Value units = std::make_shared<op::FakeQuantize>(
          x, node.input_value(1), node.input_value(2), scalar(0),
          scalar(kUnit * (kInt8Max - kInt8Min)), kInt8Max - kInt8Min + 1);
      steps_[node.output(0)] = {.planes = units, .rows = {}, .grid = grid};
    } else if (const auto* silu = ov::as_type<const op::Swish>(x.get_node())) {
      visit_silu(node, silu->input_value(0), grid);
    } else if (const auto* sum = ov::as_type<const op::Add>(x.get_node())) {
      const Steps* a = with_rows(sum->input_value(0));
      const Steps* b = with_rows(sum->input_value(1));
      if (a != nullptr && b != nullptr) {
        visit_sum(node, *a, *b, grid);
      } else {
        visit_output(node, x, grid);
      }
    }
  }

  void visit_silu(ov::Node& node, const Value& conv, const QuantParams& grid) {
    const auto before = before_silu_.find(conv.get_node()->get_friendly_name());
    if (before == before_silu_.end()) return;
    const QuantParams& in = before->second;
    if (const auto steps = conv_in_steps(conv, in))
      replace(node, looked_up(*steps, in_whole_steps(in), silu_table(in, grid)), grid);
  }

  void visit_sum(ov::Node& node, const Steps& a, const Steps& b, const QuantParams& grid) {
    const Value real = std::make_shared<op::Add>(times(*a.rows, a.grid.scale / kUnit),
                                                 times(*b.rows, b.grid.scale / kUnit));
    replace(node, steps_of(real, grid, ov::element::u8), grid);
  }

  // A convolution without an activation, which gives real values.
  void visit_output(ov::Node& node, const Value& conv, const QuantParams& grid) {
    const auto steps = conv_in_steps(conv, grid);
    if (!steps) return;
    const QuantParams in = in_whole_steps(grid);
    const auto real = std::make_shared<op::FakeQuantize>(
        *steps, scalar(in.low()), scalar(in.high()), node.input_value(3), node.input_value(4),
        kInt8Max - kInt8Min + 1);
    real->set_friendly_name(node.get_friendly_name());
    real->output(0).set_names(node.output(0).get_names());
    for (ov::Input<ov::Node> reader : node.output(0).get_target_inputs())
      reader.replace_source_output(real);
  }

  void visit_concat(ov::Node& node) {
    if (ov::as_type<op::Concat>(&node)->get_axis() != kChannels) return;
    ov::OutputVector parts;
    std::optional<QuantParams> grid;
    for (const Value& input : node.input_values()) {
      const Steps* part = with_rows(input);
      if (part == nullptr || (grid && *grid != part->grid)) return;
      parts.push_back(*part->rows);
      grid = part->grid;
    }
    replace_rows(node, readers_of(node), std::make_shared<op::Concat>(parts, kLast), *grid);
  }

  void visit_slice(ov::Node& node) {
    const Steps* x = with_rows(node.input_value(0));
    const auto axis = ov::as_type_ptr<op::Constant>(node.input_value(4).get_node_shared_ptr());
    if (x == nullptr || !axis || axis->cast_vector<int64_t>() != std::vector<int64_t>{kChannels})
      return;
    const auto last = op::Constant::create(ov::element::i64, {1}, {kLast});
    const auto part = std::make_shared<op::Slice>(*x->rows, node.input_value(1),
                                                  node.input_value(2), node.input_value(3), last);
    replace_rows(node, readers_of(node), part, x->grid);
  }

  // MaxPool and Interpolate are computed as they are; a table that changes nothing makes dense rows
  // of what they give.
  void visit_window(ov::Node& node) {
    const Steps* x = with_rows(node.input_value(0));
    if (x == nullptr) return;
    const Readers readers = readers_of(node);
    replace(node, readers, looked_up(node.output(0), x->grid, same_table()), x->grid);
  }

  // What a convolution and its bias make, in steps of `out` from its zero point.
  std::optional<Value> conv_in_steps(const Value& real, const QuantParams& out) const {
    const auto* sum = ov::as_type<const op::Add>(real.get_node());
    if (sum == nullptr) return {};
    const auto* conv = ov::as_type<const op::Convolution>(sum->input_value(0).get_node());
    const auto bias = ov::as_type_ptr<op::Constant>(sum->input_value(1).get_node_shared_ptr());
    if (conv == nullptr || !bias) return {};
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
    const auto constant = [](const op::Constant& like, const std::vector<float>& values) {
      return op::Constant::create(ov::element::f32, like.get_shape(), values);
    };
    const auto new_weight =
        std::make_shared<op::Multiply>(weight->input_value(0), constant(*scales, factors));
    const auto new_conv = conv->clone_with_new_inputs({x->second.planes, new_weight});
    new_conv->set_friendly_name(conv->get_friendly_name());
    return std::make_shared<op::Add>(new_conv, constant(*bias, shifts));
  }

  // Bytes (N, H, W, C), from planes rounded to `in`.
  static Value looked_up(const Value& planes, const QuantParams& in, const ByteTable& table) {
    const Value bytes = channels_last(steps_of(planes, in, ov::element::u8));
    const auto values =
        std::make_shared<op::Constant>(ov::element::u8, ov::Shape{table.size()}, table.data());
    return std::make_shared<TableLookUp>(bytes, values);
  }

  [[nodiscard]] const Steps* with_rows(const Value& real) const {
    const auto at = steps_.find(real);
    return at == steps_.end() || !at->second.rows ? nullptr : &at->second;
  }
  static Readers readers_of(const ov::Node& node) { return node.output(0).get_target_inputs(); }

  void replace(ov::Node& node, const Value& bytes, const QuantParams& grid) {
    replace(node, readers_of(node), bytes, grid);
  }
  void replace(const ov::Node& node, const Readers& readers, const Value& bytes,
               const QuantParams& grid) {
    const auto from_zero =
        std::make_shared<op::Subtract>(std::make_shared<op::Convert>(bytes, ov::element::f32),
                                       scalar(static_cast<float>(grid.zero_point - kInt8Min)));
    replace_rows(node, readers, times(from_zero, kUnit), grid);
  }
  void replace_rows(const ov::Node& node, const Readers& readers, const Value& rows,
                    const QuantParams& grid) {
    const Value planes = channels_first(rows);
    const Value real = times(planes, grid.scale / kUnit);
    real.get_node()->set_friendly_name(node.get_friendly_name());
    for (ov::Input<ov::Node> reader : readers) reader.replace_source_output(real);
    steps_[real] = {.planes = planes, .rows = rows, .grid = grid};
  }

  ov::Model& model_;
  std::map<std::string, QuantParams> before_silu_;
  std::map<Value, Steps> steps_;  // by the real planes that stand for them
};

std::map<std::string, QuantParams> read_before_silu(const ov::Model& model,
                                                    const std::string& name) {
  try {
    return quant_params_from_json(
        nlohmann::json::parse(model.get_rt_info<std::string>(kBeforeSiluKey)));
  } catch (const std::exception& e) {
    fail("{}: its {} is damaged: {}", name, kBeforeSiluKey, e.what());
  }
}

}  // namespace

void compute_in_steps(ov::Model& model, const std::string& name) {
  if (model.is_dynamic()) return;
  if (model.has_rt_info(kBeforeSiluKey)) {
    IntegerSteps(model, read_before_silu(model, name)).run();
  } else if (model.has_rt_info("framework", "octet")) {
    IntegerSteps(model, take_ir_form(model)).run();
  }
}

}  // namespace octet
