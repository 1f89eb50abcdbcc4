#include "train/network/quantized_network.h"

#include <algorithm>
#include <array>
#include <cmath>

#include "core/error.h"
#include "core/process.h"
#include "quant/params.h"
#include "quant/rounding_safe_scales.h"
#include "train/network/compensated_rounding.h"
#include "train/network/device.h"
#include "train/network/integer_network.h"

namespace octet {
namespace {

constexpr double kLeastStep = 1e-8;
// A bias moves a whole picture, where weights move what they see: its unit is a small share of a
// step of its output.
constexpr double kBiasShare = 0.02;

// What rounding to the middles (or ends) of steps of `scale` adds; without a gradient.
torch::Tensor round_bias(const torch::Tensor& bias, const torch::Tensor& scale, bool to_middle) {
  const torch::NoGradGuard no_grad;
  const double shift = to_middle ? 0.5 : 0;
  return ((bias / scale - shift).round() + shift) * scale - bias;
}

void require_sound(bool sound, const std::string& name) {
  if (!sound)
    fail("[{}]: training has torn it away from any useful value; try a lower --lr or --scale-lr",
         name);
}

bool is_scale_value(float scale) { return std::isnormal(scale) && scale > 0; }

std::vector<float> to_vector(const torch::Tensor& t) {
  const torch::Tensor flat = t.detach().cpu().contiguous();
  return {flat.data_ptr<float>(), flat.data_ptr<float>() + flat.numel()};
}

}  // namespace

QuantizedNetwork::QuantizedNetwork(const Model& model, const Placement& placement,
                                   const Scales& scales)
    : model_(model),
      placement_(placement),
      scales_(scales),
      topology_(model_.graph),
      steps_(steps_of(model_.graph)) {
  snap_scales(model_.graph, placement_, scales_.groups);
  const auto zeros = [](const torch::Tensor& like) {
    return torch::zeros_like(like).requires_grad_(true);
  };
  for (Node& node : model_.graph.nodes) {
    auto* prelu = std::get_if<Prelu>(&node.op);
    if (prelu != nullptr && placement_.quantized(node.name)) round_slopes(prelu->slope);
    const auto* op = std::get_if<Conv2d>(&node.op);
    if (op == nullptr) continue;
    Start start{.weight = to_torch(op->weight).contiguous(at::MemoryFormat::ChannelsLast),
                .weight_unit = {},
                .bias = op->bias.empty() ? torch::zeros({op->weight.shape[0]}) : to_torch(op->bias),
                .bias_unit = bias_unit(node)};
    const bool int8 = placement_.convs.contains(node.name);
    if (int8) settle_weights(node, scales_.groups, scales_.weights.at(node.name));
    const torch::Tensor steps =
        int8 ? constant(scales_.weights.at(node.name))
             : (start.weight.abs().amax({1, 2, 3}) / kInt8Max).clamp_min(kLeastStep);
    start.weight_unit = steps.view({-1, 1, 1, 1});
    parameters_.emplace(node.name + ".weight", zeros(start.weight));
    parameters_.emplace(node.name + ".bias", zeros(start.bias));
    if (int8) parameters_.emplace(node.name + ".log_scales", zeros(steps));
    starts_.emplace(node.name, std::move(start));
  }
  for (size_t g = 0; g < placement_.groups.size(); ++g) {
    parameters_.emplace(fmt::format("group.{}.log_scale", g),
                        torch::zeros({1}).requires_grad_(!placement_.fixed.contains(g)));
  }
}

void QuantizedNetwork::move_to(torch::Device device) {
  device_ = device;
  for (auto& [name, value] : parameters_) value = moved(value, device);
  for (auto& [name, start] : starts_) {
    for (torch::Tensor* part : {&start.weight, &start.weight_unit, &start.bias})
      *part = part->to(device);
  }
}

torch::Tensor QuantizedNetwork::constant(const std::vector<float>& values) const {
  return torch::tensor(values, torch::kFloat).to(device_);
}

double QuantizedNetwork::bias_unit(const Node& conv) const {
  constexpr double kFloatStep = 0.02;  // of a value that is not quantized
  const auto group = output_group(topology_, placement_, conv);
  return kBiasShare * (group ? scales_.groups[*group].scale : kFloatStep);
}

torch::Tensor QuantizedNetwork::weight(const std::string& conv) const {
  const Start& start = starts_.at(conv);
  return start.weight + leaf(conv + ".weight") * start.weight_unit;
}

torch::Tensor QuantizedNetwork::bias(const std::string& conv) const {
  const Start& start = starts_.at(conv);
  return start.bias + leaf(conv + ".bias") * start.bias_unit;
}

torch::Tensor QuantizedNetwork::scale(size_t group) const {
  return leaf(fmt::format("group.{}.log_scale", group)).exp() * scales_.groups[group].scale;
}

LearnedParams QuantizedNetwork::params(const std::string& value) const {
  const size_t group = placement_.group_of.at(value);
  const QuantParams& p = scales_.groups[group];
  if (!frozen_.empty()) return {constant({frozen_[group].scale}), p.zero_point};
  const torch::Tensor learned = scale(group);
  if (learned.requires_grad()) return {learned, p.zero_point};
  const bool fixed = placement_.fixed.contains(group);
  return {constant({fixed ? p.scale : round_scale(learned.item<float>())}), p.zero_point};
}

std::vector<QuantParams> QuantizedNetwork::stored_groups() const {
  if (!frozen_.empty()) return frozen_;
  std::vector<QuantParams> groups = scales_.groups;
  for (size_t g = 0; g < groups.size(); ++g) {
    if (placement_.fixed.contains(g)) continue;
    groups[g].scale = round_scale(scale(g).item<float>());
    require_sound(is_scale_value(groups[g].scale), placement_.groups[g].front());
  }
  snap_scales(model_.graph, placement_, groups);
  return groups;
}

void QuantizedNetwork::freeze_scales() {
  const std::vector<QuantParams> groups = stored_groups();
  for (const Node& node : model_.graph.nodes) {
    if (placement_.convs.contains(node.name))
      frozen_weights_[node.name] = stored_weight_scales(node, groups);
  }
  frozen_ = groups;
}

torch::Tensor QuantizedNetwork::weight_scales(const Node& conv) const {
  if (!frozen_.empty()) return constant(frozen_weights_.at(conv.name));
  const torch::Tensor learned =
      leaf(conv.name + ".log_scales").exp() * constant(scales_.weights.at(conv.name));
  const auto output = output_group(topology_, placement_, conv);
  if (!scales_.weight_grid.even || !output) return learned;
  // Those that can be stored are powers of two apart.
  std::vector<float> settled = to_vector(learned);
  snap_weight_scales(settled, params(conv.inputs[0]).now(),
                     params(placement_.groups[*output].front()).now(), scales_.weight_grid);
  return learned * (constant(settled) / learned.detach());
}

std::vector<float> QuantizedNetwork::stored_weight_scales(
    const Node& conv, const std::vector<QuantParams>& groups) const {
  std::vector<float> scales = to_vector(weight_scales(conv));
  require_sound(std::all_of(scales.begin(), scales.end(), is_scale_value), conv.name);
  settle_weights(conv, groups, scales);
  return scales;
}

void QuantizedNetwork::settle_weights(const Node& conv, const std::vector<QuantParams>& groups,
                                      std::vector<float>& scales) const {
  if (const auto output = output_group(topology_, placement_, conv))
    snap_weight_scales(scales, groups[placement_.group_of.at(conv.inputs[0])], groups[*output],
                       scales_.weight_grid);
}

Forward QuantizedNetwork::inference() {
  return [integers = std::make_shared<IntegerNetwork>(model())](const torch::Tensor& image) {
    return (*integers)(image);
  };
}

std::vector<torch::Tensor> QuantizedNetwork::run(const torch::Tensor& image, const Visitor& visit) {
  std::map<std::string, torch::Tensor> values{
      {model_.graph.input, image.contiguous(at::MemoryFormat::ChannelsLast)}};
  if (visit) visit(model_.graph.input, image);
  std::vector<std::string> wanted = model_.graph.outputs;
  wanted.insert(wanted.end(), also_.begin(), also_.end());
  walk(std::span<const Step>(steps_), wanted, values,
       [&](const Node& node, std::span<const torch::Tensor* const> in, const ReadsLeft&) {
         std::vector<torch::Tensor> inputs;
         for (const torch::Tensor* x : in) inputs.push_back(*x);
         torch::Tensor y = run_node(node, inputs);
         if (visit && placement_.quantized(node.name)) {
           const bool raw = std::holds_alternative<Conv2d>(node.op) &&
                            topology_.activation_after(node) != nullptr;
           visit(node.name, raw ? fake_quantize(y, params(node.name)) : y);
         }
         return y;
       });
  return picked(values, wanted);
}

torch::Tensor QuantizedNetwork::run_node(const Node& node, TorchInputs in) {
  if (const auto* op = std::get_if<Conv2d>(&node.op)) return conv(node, *op, in[0]);
  if (const auto* act = std::get_if<Activation>(&node.op))
    return activation(node, act->kind, in[0]);
  const torch::Tensor y = apply_plain(node, in);
  if (traits_of(node.op).moves_data || !placement_.quantized(node.name)) return y;
  const LearnedParams own = params(node.name);
  const auto* resize = std::get_if<ResizeBilinear>(&node.op);
  if (resize == nullptr) return fake_quantize(y, own);
  return fake_quantize(y + own.scale.detach() * quarter_part(*resize, in[0]), own);
}

torch::Tensor QuantizedNetwork::conv(const Node& node, const Conv2d& op, const torch::Tensor& x) {
  torch::Tensor w = weight(node.name);
  torch::Tensor b = bias(node.name);
  if (placement_.convs.contains(node.name)) {
    const torch::Tensor scales = weight_scales(node);
    w = fake_quantize_weight(w, scales, scales_.weight_grid.limit())
            .contiguous(at::MemoryFormat::ChannelsLast);
    b = b + round_bias(b, scales * params(node.inputs[0]).scale, scales_.weight_grid.even);
  }
  const torch::Tensor y = compute(op, x, w, b);
  if (!placement_.quantized(node.name) || topology_.activation_after(node) != nullptr) return y;
  return fake_quantize(y, params(node.name));
}

torch::Tensor QuantizedNetwork::activation(const Node& node, ActivationKind kind,
                                           const torch::Tensor& x) {
  const std::string& before = node.inputs[0];
  const bool from_int = placement_.quantized(before) || function_of(kind).fuses_into_conv;
  if (!placement_.quantized(node.name) || !from_int) {
    const torch::Tensor given = placement_.quantized(before) ? fake_quantize(x, params(before)) : x;
    const torch::Tensor y = apply_plain(node, std::array{given});
    return placement_.quantized(node.name) ? fake_quantize(y, params(node.name)) : y;
  }
  const LearnedParams out = params(node.name);
  return fake_quantized_activation(x, kind,
                                   function_of(kind).fuses_into_conv ? out : params(before), out);
}

void QuantizedNetwork::compensate_rounding(const std::map<std::string, torch::Tensor>& values) {
  const torch::NoGradGuard no_grad;
  for (const Node& node : model_.graph.nodes) {
    if (!placement_.convs.contains(node.name)) continue;
    if (stop_requested()) fail("interrupted while rounding weights; nothing was written");
    const auto& op = std::get<Conv2d>(node.op);
    const torch::Tensor& x = values.at(node.inputs[0]);
    const torch::Tensor w = weight(node.name);
    const torch::Tensor rounded =
        round_compensated(op, w, x, weight_scales(node), scales_.weight_grid.limit());
    const Start& start = starts_.at(node.name);
    const torch::Tensor shift = compute(op, x, w - rounded, {}).mean({0, 2, 3});
    leaf(node.name + ".weight").add_((rounded - w) / start.weight_unit);
    leaf(node.name + ".bias").add_(shift / start.bias_unit);
  }
}

Model QuantizedNetwork::model() const {
  Model out = model_;
  out.quantization = {.weight_grid = scales_.weight_grid, .values = {}, .convs = {}};
  for (const auto& [name, value] : parameters_)
    require_sound(value.isfinite().all().item<bool>(), name);
  const std::vector<QuantParams> groups = stored_groups();
  for (const auto& [value, group] : placement_.group_of)
    out.quantization.values[value] = groups[group];
  for (Node& node : out.graph.nodes) {
    auto* op = std::get_if<Conv2d>(&node.op);
    if (op == nullptr) continue;
    op->weight.values = to_vector(weight(node.name));
    op->bias = {{op->weight.shape[0]}, to_vector(bias(node.name))};
    if (!placement_.convs.contains(node.name)) continue;
    const QuantParams& input = out.quantization.values.at(node.inputs[0]);
    QuantizedConv q =
        quantize_conv(*op, stored_weight_scales(node, groups), input, scales_.weight_grid);
    dequantize_into(*op, q, input);
    out.quantization.convs.emplace(node.name, std::move(q));
  }
  return out;
}

}  // namespace octet
