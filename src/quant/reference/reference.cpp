#include "quant/reference/reference.h"

#include <algorithm>
#include <cmath>

#include "core/error.h"
#include "quant/params.h"
#include "quant/placement.h"

namespace octet {
namespace {

// An accumulator in steps of the result, in float32 as engines' integer kernels do it.
int8_t rescaled(int32_t accumulator, float factor, int zero_point) {
  const float steps = std::nearbyint(static_cast<float>(accumulator) * factor);
  return static_cast<int8_t>(
      std::clamp(steps + static_cast<float>(zero_point), 1.0F * kInt8Min, 1.0F * kInt8Max));
}

IntegerTensor look_up(const IntegerTensor& x, ActivationKind kind, const QuantParams& out) {
  const auto table = activation_table(x.params, kind, out);
  IntegerTensor result{.shape = x.shape, .params = out, .values = {}};
  result.values.reserve(x.values.size());
  for (const int8_t q : x.values) result.values.push_back(table[static_cast<size_t>(q - kInt8Min)]);
  return result;
}

IntegerTensor add(const IntegerTensor& a, const IntegerTensor& b, const QuantParams& out) {
  IntegerTensor result{.shape = a.shape, .params = out, .values = {}};
  result.values.reserve(a.values.size());
  for (size_t i = 0; i < a.values.size(); ++i) {
    const double sum = static_cast<double>(a.params.scale) * (a.values[i] - a.params.zero_point) +
                       static_cast<double>(b.params.scale) * (b.values[i] - b.params.zero_point);
    result.values.push_back(quantize(sum, out));
  }
  return result;
}

IntegerTensor concat(const std::vector<const IntegerTensor*>& parts) {
  IntegerTensor result = *parts.at(0);
  for (size_t i = 1; i < parts.size(); ++i) {
    result.shape[0] += parts[i]->shape[0];
    result.values.insert(result.values.end(), parts[i]->values.begin(), parts[i]->values.end());
  }
  return result;
}

IntegerTensor slice(const IntegerTensor& x, int begin, int end) {
  const int64_t plane = x.shape[1] * x.shape[2];
  return {.shape = {end - begin, x.shape[1], x.shape[2]},
          .params = x.params,
          .values = {x.values.begin() + begin * plane, x.values.begin() + end * plane}};
}

IntegerTensor max_pool(const IntegerTensor& x, const MaxPool& op) {
  const int64_t h = x.shape[1];
  const int64_t w = x.shape[2];
  const int64_t oh = (h + 2 * op.padding - op.kernel) / op.stride + 1;
  const int64_t ow = (w + 2 * op.padding - op.kernel) / op.stride + 1;
  IntegerTensor result{.shape = {x.shape[0], oh, ow}, .params = x.params, .values = {}};
  for (int64_t c = 0; c < x.shape[0]; ++c) {
    for (int64_t y = 0; y < oh; ++y) {
      for (int64_t col = 0; col < ow; ++col) {
        int8_t most = kInt8Min;
        const int64_t top = y * op.stride - op.padding;
        const int64_t left = col * op.stride - op.padding;
        for (int64_t i = std::max<int64_t>(top, 0); i < std::min(top + op.kernel, h); ++i) {
          for (int64_t j = std::max<int64_t>(left, 0); j < std::min(left + op.kernel, w); ++j)
            most = std::max(most, x.values[static_cast<size_t>((c * h + i) * w + j)]);
        }
        result.values.push_back(most);
      }
    }
  }
  return result;
}

IntegerTensor resize(const IntegerTensor& x, int factor) {
  const int64_t h = x.shape[1] * factor;
  const int64_t w = x.shape[2] * factor;
  IntegerTensor result{.shape = {x.shape[0], h, w}, .params = x.params, .values = {}};
  for (int64_t c = 0; c < x.shape[0]; ++c) {
    for (int64_t y = 0; y < h; ++y) {
      for (int64_t col = 0; col < w; ++col) {
        const int64_t at = (c * x.shape[1] + y / factor) * x.shape[2] + col / factor;
        result.values.push_back(x.values[static_cast<size_t>(at)]);
      }
    }
  }
  return result;
}

// Outputs [first, last) of a row lie at inputs within the picture for the column offset `shift`.
struct Columns {
  int64_t first, last;
};
Columns valid_columns(int64_t outputs, int64_t inputs, int stride, int64_t shift) {
  const int64_t first = shift >= 0 ? 0 : (-shift + stride - 1) / stride;
  const int64_t last = std::min(outputs, (inputs - 1 - shift) / stride + 1);
  return {first, std::max(first, last)};
}

// Adds one input channel through one kernel position to the accumulators of an output channel.
void accumulate(std::span<int32_t> sums, const int8_t* plane, const IntegerTensor& x,
                const Conv2d& op, int64_t oh, int64_t ow, int64_t ky, int64_t kx, int8_t weight) {
  const int64_t h = x.shape[1];
  const int64_t w = x.shape[2];
  const int32_t zero = x.params.zero_point;
  const Columns columns = valid_columns(ow, w, op.stride, kx - op.padding);
  for (int64_t y = 0; y < oh; ++y) {
    const int64_t row = y * op.stride + ky - op.padding;
    if (row < 0 || row >= h) continue;
    const int8_t* in = plane + row * w + kx - op.padding;
    int32_t* out = sums.data() + y * ow;
    for (int64_t col = columns.first; col < columns.last; ++col)
      out[col] += weight * (in[col * op.stride] - zero);
  }
}

}  // namespace

std::array<int8_t, 256> activation_table(const QuantParams& in, ActivationKind kind,
                                         const QuantParams& out) {
  std::array<int8_t, 256> table{};
  for (int q = kInt8Min; q <= kInt8Max; ++q) {
    const double v = static_cast<double>(in.scale) * (q - in.zero_point);
    const double sigmoid = 1 / (1 + std::exp(-v));
    double y = 0;
    switch (kind) {
      case ActivationKind::kSilu:
        table[static_cast<size_t>(q - kInt8Min)] =
            rescaled((q - in.zero_point) * (quantize(sigmoid, kSigmoidParams) - kInt8Min),
                     in.scale * kSigmoidParams.scale / out.scale, out.zero_point);
        continue;
      case ActivationKind::kSigmoid:
        y = sigmoid;
        break;
      case ActivationKind::kHardswish:
        y = v * std::clamp(v + 3, 0.0, 6.0) / 6;
        break;
      case ActivationKind::kRelu:
        y = std::max(v, 0.0);
        break;
      case ActivationKind::kRelu6:
        y = std::clamp(v, 0.0, 6.0);
        break;
    }
    table[static_cast<size_t>(q - kInt8Min)] = quantize(y, out);
  }
  return table;
}

std::vector<float> IntegerTensor::real() const {
  std::vector<float> out;
  out.reserve(values.size());
  for (const int8_t q : values) out.push_back(dequantize(q, params));
  return out;
}

IntegerTensor image_tensor(std::span<const uint8_t> picture, Size size) {
  const size_t pixels = static_cast<size_t>(size.width) * static_cast<size_t>(size.height);
  IntegerTensor x{.shape = {3, size.height, size.width}, .params = kImageParams, .values = {}};
  x.values.resize(pixels * 3);
  for (size_t i = 0; i < pixels; ++i) {
    for (size_t c = 0; c < 3; ++c)
      x.values[c * pixels + i] = static_cast<int8_t>(picture[i * 3 + c] - 128);
  }
  return x;
}

IntegerReference::IntegerReference(const Model& model) : model_(model) {
  for (const Node& node : model.graph.nodes) {
    const bool float_conv =
        std::holds_alternative<Conv2d>(node.op) && !model.quantization.convs.contains(node.name);
    if (float_conv || (!is_fused(node) && model.quantization.find(node.name) == nullptr))
      fail("[{} {}] is kept in float; the integer reference computes integers only",
           operator_name(node.op), node.name);
  }
}

bool IntegerReference::is_fused(const Node& node) const {
  return std::holds_alternative<Conv2d>(node.op) && model_.quantization.find(node.name) == nullptr;
}

const Node* IntegerReference::fused_conv(const Node& node) const {
  if (!std::holds_alternative<Activation>(node.op)) return nullptr;
  const Node* before = model_.graph.find(node.inputs[0]);
  return before != nullptr && is_fused(*before) ? before : nullptr;
}

std::vector<std::string> IntegerReference::inputs_of(const Node& node) const {
  const Node* conv = fused_conv(node);
  return conv != nullptr ? conv->inputs : node.inputs;
}

std::map<std::string, IntegerTensor> IntegerReference::run(std::span<const uint8_t> picture,
                                                           Size size) const {
  std::map<std::string, IntegerTensor> values{{model_.graph.input, image_tensor(picture, size)}};
  for (const Node& node : model_.graph.nodes) {
    if (is_fused(node)) continue;
    std::vector<const IntegerTensor*> inputs;
    for (const std::string& name : inputs_of(node)) inputs.push_back(&values.at(name));
    values[node.name] = run_node(node, inputs);
  }
  return values;
}

IntegerTensor IntegerReference::run_node(const Node& node,
                                         const std::vector<const IntegerTensor*>& in) const {
  const QuantParams& out = *model_.quantization.find(node.name);
  return std::visit(Overloaded{[&](const Conv2d&) { return conv(node, *in[0], out); },
                               [&](const Activation& op) {
                                 const Node* before = fused_conv(node);
                                 if (before == nullptr) return look_up(*in[0], op.kind, out);
                                 // Clamping in integers is the activation of what was scaled.
                                 IntegerTensor y = conv(*before, *in[0], out);
                                 const int8_t zero = quantize(0, out);
                                 const int8_t six = quantize(6, out);
                                 for (int8_t& q : y.values) {
                                   q = std::max(q, zero);
                                   if (op.kind == ActivationKind::kRelu6) q = std::min(q, six);
                                 }
                                 return y;
                               },
                               [&](const Add&) { return add(*in[0], *in[1], out); },
                               [&](const Concat&) { return concat(in); },
                               [&](const Slice& op) { return slice(*in[0], op.begin, op.end); },
                               [&](const MaxPool& op) { return max_pool(*in[0], op); },
                               [&](const ResizeNearest& op) { return resize(*in[0], op.factor); },
                               [&](const BatchNorm&) -> IntegerTensor {
                                 fail("[BatchNorm {}] has to be folded first", node.name);
                               }},
                    node.op);
}

IntegerTensor IntegerReference::conv(const Node& node, const IntegerTensor& x,
                                     const QuantParams& out) const {
  const auto& op = std::get<Conv2d>(node.op);
  const QuantizedConv& q = model_.quantization.convs.at(node.name);
  const Shape& k = op.weight.shape;
  const int64_t oh = (x.shape[1] + 2L * op.padding - k[2]) / op.stride + 1;
  const int64_t ow = (x.shape[2] + 2L * op.padding - k[3]) / op.stride + 1;
  IntegerTensor result{.shape = {k[0], oh, ow}, .params = out, .values = {}};
  result.values.reserve(static_cast<size_t>(k[0] * oh * ow));
  std::vector<int32_t> sums(static_cast<size_t>(oh * ow));
  for (int64_t o = 0; o < k[0]; ++o) {
    std::fill(sums.begin(), sums.end(), q.bias[static_cast<size_t>(o)]);
    const int64_t first = o / (k[0] / op.groups) * k[1];  // input channel of this group
    for (int64_t i = 0; i < k[1]; ++i) {
      const int8_t* plane = x.values.data() + (first + i) * x.shape[1] * x.shape[2];
      for (int64_t at = 0; at < k[2] * k[3]; ++at) {
        const int8_t w = q.weight[static_cast<size_t>((o * k[1] + i) * k[2] * k[3] + at)];
        accumulate(sums, plane, x, op, oh, ow, at / k[3], at % k[3], w);
      }
    }
    const float factor = x.params.scale * q.scales[static_cast<size_t>(o)] / out.scale;
    for (const int32_t sum : sums) result.values.push_back(rescaled(sum, factor, out.zero_point));
  }
  return result;
}

}  // namespace octet
