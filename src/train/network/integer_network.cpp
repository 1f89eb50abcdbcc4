#include "train/network/integer_network.h"

#include <ATen/Parallel.h>

#include <algorithm>
#include <array>

#include "quant/params.h"
#include "quant/reference/operators.h"
#include "train/kernels/quant_kernels.h"
#include "train/network/operators.h"

namespace octet {
namespace {

using Value = IntegerNetwork::Value;

// `steps`: unrounded.
Value quantized(const torch::Tensor& steps, const QuantParams& p) {
  return {
      .tensor =
          steps.round().clamp(kInt8Min - p.zero_point, kInt8Max - p.zero_point).to(torch::kFloat32),
      .params = p};
}
Value quantized_real(const torch::Tensor& real, const QuantParams* p) {
  if (p == nullptr) return {.tensor = real, .params = std::nullopt};
  return quantized(real.to(torch::kFloat64) / static_cast<double>(p->scale), *p);
}

// Calls visit(part of x, part of y), in parallel; parts are whole rows of `row` elements.
template <typename F>
void for_rows(const torch::Tensor& x, const torch::Tensor& y, int64_t row, F&& visit) {
  constexpr int64_t kLeast = 1 << 15;  // elements that are worth a thread
  at::parallel_for(0, x.numel() / row, (kLeast + row - 1) / row, [&](int64_t begin, int64_t end) {
    const auto size = static_cast<size_t>((end - begin) * row);
    visit(std::span<const float>(x.data_ptr<float>() + begin * row, size),
          std::span<float>(y.data_ptr<float>() + begin * row, size));
  });
}

torch::Tensor scaled(const Value& v) {
  return v.tensor.to(torch::kFloat64) * static_cast<double>(v.params->scale);
}

}  // namespace

torch::Tensor Value::real() const { return params ? tensor * params->scale : tensor; }

IntegerNetwork::IntegerNetwork(Model model)
    : model_(std::move(model)), topology_(model_.graph), steps_(steps_of(model_.graph)) {
  for (const auto& [name, q] : model_.quantization.convs) {
    const auto& op = std::get<Conv2d>(model_.graph.find(name)->op);
    const std::vector<float> weight(q.weight.begin(), q.weight.end());
    const std::vector<double> bias(q.bias.begin(), q.bias.end());
    convs_[name] = {
        .weight =
            torch::tensor(weight).view(op.weight.shape).contiguous(at::MemoryFormat::ChannelsLast),
        .bias = bias};
  }
}

std::vector<torch::Tensor> IntegerNetwork::operator()(const torch::Tensor& image) const {
  std::vector<torch::Tensor> outputs;
  for (const Value& v : picked(run(image, model_.graph.outputs), model_.graph.outputs))
    outputs.push_back(v.real());
  return outputs;
}

std::map<std::string, Value> IntegerNetwork::run(const torch::Tensor& image) const {
  return run(image, all_values(model_.graph));
}

std::map<std::string, Value> IntegerNetwork::run(const torch::Tensor& image,
                                                 std::span<const std::string> wanted) const {
  const torch::NoGradGuard no_grad;
  const QuantParams* input = model_.quantization.find(model_.graph.input);
  std::map<std::string, Value> values{
      {model_.graph.input,
       quantized_real(image.contiguous(at::MemoryFormat::ChannelsLast), input)}};
  walk(std::span<const Step>(steps_), wanted, values,
       [&](const Node& node, Inputs in, const ReadsLeft&) { return apply(node, in); });
  return values;
}

const QuantParams* IntegerNetwork::params_of(const Node& node) const {
  if (const QuantParams* own = model_.quantization.find(node.name)) return own;
  const Node* fused = topology_.fused_activation(node);
  return fused == nullptr ? nullptr : model_.quantization.find(fused->name);
}

Value IntegerNetwork::apply(const Node& node, Inputs in) const {
  const QuantParams* out = params_of(node);
  if (const auto* op = std::get_if<Conv2d>(&node.op)) {
    if (convs_.contains(node.name)) return integer_conv(node, *op, *in[0]);
    const torch::Tensor bias = op->bias.empty() ? torch::Tensor() : to_torch(op->bias);
    return quantized_real(compute(*op, in[0]->real(), to_torch(op->weight), bias), out);
  }
  if (const auto* op = std::get_if<Activation>(&node.op)) return activation(op->kind, *in[0], out);
  const bool integers =
      std::all_of(in.begin(), in.end(), [](const Value* v) { return v->params.has_value(); });
  if (integers && out != nullptr) {
    if (const auto rescaled = with_own_scale(node, in, *out)) return *rescaled;
  }
  std::vector<torch::Tensor> tensors;
  const bool shares = integers && traits_of(node.op).shares_scale;
  for (const Value* v : in) tensors.push_back(shares ? v->tensor : v->real());
  if (!shares) return quantized_real(apply_plain(node, tensors), out);
  // On the grid of the inputs, which an operator that computes has to round to.
  const QuantParams& p = *in[0]->params;
  if (const auto* op = std::get_if<Pad>(&node.op)) {
    Pad steps = *op;
    steps.value = static_cast<float>(quantize(op->value, p) - p.zero_point);
    return {.tensor = compute(steps, tensors), .params = p};
  }
  if (const auto* op = std::get_if<ResizeBilinear>(&node.op)) {
    const torch::Tensor x = tensors[0].to(torch::kFloat64);
    return quantized(compute(*op, std::array{x}) + quarter_part(*op, x), p);
  }
  const torch::Tensor y = apply_plain(node, tensors);
  return traits_of(node.op).moves_data ? Value{.tensor = y, .params = p} : quantized(y, p);
}

std::optional<Value> IntegerNetwork::with_own_scale(const Node& node, Inputs in,
                                                    const QuantParams& out) {
  if (std::holds_alternative<Add>(node.op))
    return quantized_real(scaled(*in[0]) + scaled(*in[1]), &out);
  if (std::holds_alternative<Mul>(node.op)) {
    const float factor = in[0]->params->scale * in[1]->params->scale / out.scale;
    return quantized(in[0]->tensor * in[1]->tensor * factor, out);
  }
  if (const auto* op = std::get_if<Prelu>(&node.op))
    return quantized_real(compute(*op, std::array{scaled(*in[0])}), &out);
  return {};
}

Value IntegerNetwork::integer_conv(const Node& node, const Conv2d& op, const Value& x) const {
  const Weights& w = convs_.at(node.name);
  const torch::Tensor sums =
      compute(op, x.tensor, w.weight, torch::Tensor()).contiguous(at::MemoryFormat::ChannelsLast);
  const QuantParams* out = params_of(node);
  std::vector<float> factors;
  for (const float s : model_.quantization.convs.at(node.name).scales)
    factors.push_back(x.params->scale * s / (out == nullptr ? 1.0F : out->scale));
  const auto channels = static_cast<int64_t>(factors.size());
  if (out == nullptr) {
    const torch::Tensor bias = torch::tensor(w.bias, torch::kFloat64).view({1, channels, 1, 1});
    const torch::Tensor exact = (sums.to(torch::kFloat64) + bias).to(torch::kFloat32);
    return {.tensor = exact * torch::tensor(factors).view({1, channels, 1, 1}),
            .params = std::nullopt};
  }
  const Rescaling rescaling{.bias = w.bias,
                            .factors = factors,
                            .low = static_cast<float>(kInt8Min - out->zero_point),
                            .high = static_cast<float>(kInt8Max - out->zero_point)};
  torch::Tensor y = torch::empty_like(sums);
  for_rows(sums, y, channels, [&](std::span<const float> from, std::span<float> to) {
    rescale_sums(from, to, rescaling);
  });
  return {.tensor = y, .params = *out};
}

Value IntegerNetwork::activation(ActivationKind kind, const Value& x,
                                 const QuantParams* out) const {
  if (!x.params || out == nullptr) {
    return quantized_real(compute(Activation{kind}, std::array{x.real()}), out);
  }
  const ActivationFunction& function = function_of(kind);
  if (function.fuses_into_conv && *x.params == *out)  // as within a convolution
    return {.tensor = x.tensor.clamp(quantize(function.low, *out) - out->zero_point,
                                     quantize(function.high, *out) - out->zero_point),
            .params = *out};
  const auto table = activation_table(*x.params, kind, *out);
  std::vector<float> values;
  for (const int8_t q : table) values.push_back(static_cast<float>(q - out->zero_point));
  const GridPoint grid{.scale = 1, .zero_point = static_cast<float>(x.params->zero_point)};
  const StepTables tables{.value = values.data()};
  const torch::Tensor steps = x.tensor.contiguous(x.tensor.suggest_memory_format());
  torch::Tensor y = torch::empty_like(steps);
  for_rows(steps, y, 1, [&](std::span<const float> from, std::span<float> to) {
    tables_forward(from, to, grid, tables);
  });
  return {.tensor = y, .params = *out};
}

}  // namespace octet
