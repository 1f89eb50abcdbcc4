#include "train/network/fake_quant.h"

#include <ATen/Parallel.h>

#include <algorithm>
#include <cmath>
#include <utility>
#include <vector>

#include "quant/params.h"
#include "train/kernels/quant_kernels.h"
#include "train/kernels/quant_ops.h"

namespace octet {
namespace {
using torch::autograd::AutogradContext;
using torch::autograd::Variable;
using torch::autograd::variable_list;

// Blocks are of one size whatever the number of threads, so that sums are the same.
constexpr int64_t kBlock = 1 << 15;

double gradient_scale(int64_t elements) {
  return 1 / std::sqrt(static_cast<double>(elements) * kInt8Max);
}

// The activation's real value and slope at v.
struct Curve {
  double value, slope;
};

Curve curve(ActivationKind kind, double v) {
  const ActivationFunction& function = function_of(kind);
  const ActivationFunction& sigmoid = function_of(ActivationKind::kSigmoid);
  const double gate = dequantize(quantize(sigmoid.value(v), kSigmoidParams), kSigmoidParams);
  if (kind == ActivationKind::kSigmoid) return {gate, sigmoid.slope(v)};
  // A product with a quantized sigmoid, as engines compute it.
  if (kind == ActivationKind::kSilu) return {v * gate, gate + v * sigmoid.slope(v)};
  return {function.value(v), function.slope(v)};
}

// The rows of StepTables in one tensor, which autograd can keep.
torch::Tensor make_tables() { return torch::zeros({3, 256}); }
StepTables view(const torch::Tensor& tables) {
  const auto* rows = tables.data_ptr<float>();
  return {.value = rows, .slope = rows + 256, .by_out_scale = rows + 512};
}

// The function's own clamping, between two steps, is all it does.
torch::Tensor clamp_tables(const QuantParams& p, int low, int high) {
  torch::Tensor tables = make_tables();
  auto* rows = tables.data_ptr<float>();
  for (int i = 0; i < 256; ++i) {
    const int q = i + kInt8Min;
    rows[i] = dequantize(std::clamp(q, low, high), p);
    rows[256 + i] = q >= low && q <= high ? 1 : 0;
  }
  return tables;
}

torch::Tensor activation_tables(ActivationKind kind, const QuantParams& in,
                                const QuantParams& out) {
  const ActivationFunction& function = function_of(kind);
  if (function.fuses_into_conv)
    return clamp_tables(out, quantize(function.low, out), quantize(function.high, out));
  torch::Tensor tables = make_tables();
  auto* rows = tables.data_ptr<float>();
  for (int i = 0; i < 256; ++i) {
    const double v = static_cast<double>(in.scale) * (i + kInt8Min - in.zero_point);
    const Curve c = curve(kind, v);
    const double steps = c.value / out.scale;
    const int q = quantize(c.value, out);
    const bool inside = std::nearbyint(steps) + out.zero_point == q;
    rows[i] = dequantize(q, out);
    rows[256 + i] = inside ? static_cast<float>(c.slope) : 0;
    rows[512 + i] = static_cast<float>(q - out.zero_point - (inside ? steps : 0));
  }
  return tables;
}

std::span<const float> block(const torch::Tensor& t, int64_t begin, int64_t end) {
  return {t.data_ptr<float>() + begin, static_cast<size_t>(end - begin)};
}
std::span<float> block(torch::Tensor& t, int64_t begin, int64_t end) {
  return {t.data_ptr<float>() + begin, static_cast<size_t>(end - begin)};
}

size_t block_count(int64_t elements) {
  return static_cast<size_t>((elements + kBlock - 1) / kBlock);
}

// Calls visit(block index, begin, end), in parallel.
template <typename F>
void for_blocks(int64_t elements, F&& visit) {
  at::parallel_for(0, static_cast<int64_t>(block_count(elements)), 1,
                   [&](int64_t first, int64_t last) {
                     for (int64_t b = first; b < last; ++b)
                       visit(b, b * kBlock, std::min(elements, (b + 1) * kBlock));
                   });
}

// Calls visit(channel, begin, end).
template <typename F>
void for_channels(const torch::Tensor& weight, F&& visit) {
  const int64_t size = weight.numel() / weight.size(0);
  for (int64_t c = 0; c < weight.size(0); ++c) visit(c, c * size, (c + 1) * size);
}

struct TableFunction : torch::autograd::Function<TableFunction> {
  static Variable forward(AutogradContext* ctx, const Variable& x, const Variable& in_scale,
                          const Variable& /*out_scale*/, int64_t zero_point,
                          const torch::Tensor& tables) {
    const Variable dense = x.contiguous(x.suggest_memory_format());
    ctx->save_for_backward({dense, tables, in_scale});
    ctx->saved_data["zero_point"] = zero_point;
    if (!x.is_cpu()) return tables_forward(dense, {in_scale, zero_point}, tables);
    const GridPoint grid{in_scale.item<float>(), static_cast<float>(zero_point)};
    Variable y = torch::empty_like(dense);
    for_blocks(dense.numel(), [&](int64_t, int64_t begin, int64_t end) {
      tables_forward(block(std::as_const(dense), begin, end), block(y, begin, end), grid,
                     view(tables));
    });
    return y;
  }

  static variable_list backward(AutogradContext* ctx, variable_list grads) {
    const variable_list saved = ctx->get_saved_variables();
    const Variable& x = saved[0];
    const Variable dy = grads[0].contiguous(x.suggest_memory_format());
    const int64_t zero_point = ctx->saved_data["zero_point"].toInt();
    const double factor = gradient_scale(x.numel());
    if (!x.is_cpu()) {
      const TableGradients g = tables_backward(x, dy, {saved[2], zero_point}, saved[1]);
      return {g.x, (g.in_scale * factor).view({1}), (g.out_scale * factor).view({1}), Variable(),
              Variable()};
    }
    const GridPoint grid{saved[2].item<float>(), static_cast<float>(zero_point)};
    Variable dx = torch::empty_like(x);
    std::vector<ScaleGradients> parts(block_count(x.numel()));
    for_blocks(x.numel(), [&](int64_t b, int64_t begin, int64_t end) {
      parts[static_cast<size_t>(b)] = tables_backward(block(x, begin, end), block(dy, begin, end),
                                                      block(dx, begin, end), grid, view(saved[1]));
    });
    ScaleGradients sum;
    for (const ScaleGradients& part : parts) {
      sum.in += part.in;
      sum.out += part.out;
    }
    const auto scalar = [&](double v) { return torch::full({1}, v * factor, torch::kFloat); };
    return {dx, scalar(sum.in), scalar(sum.out), Variable(), Variable()};
  }
};

struct WeightFunction : torch::autograd::Function<WeightFunction> {
  static Variable forward(AutogradContext* ctx, const Variable& weight, const Variable& scales,
                          int64_t limit) {
    const Variable rows = weight.contiguous();
    ctx->save_for_backward({rows, scales});
    ctx->saved_data["limit"] = limit;
    if (!rows.is_cpu()) return weights_forward(rows, scales, limit);
    Variable y = torch::empty_like(rows);
    for_channels(rows, [&](int64_t c, int64_t begin, int64_t end) {
      weights_forward(block(std::as_const(rows), begin, end), block(y, begin, end),
                      scales.data_ptr<float>()[c], static_cast<float>(limit));
    });
    return y;
  }

  static variable_list backward(AutogradContext* ctx, variable_list grads) {
    const variable_list saved = ctx->get_saved_variables();
    const Variable& w = saved[0];
    const Variable dy = grads[0].contiguous();
    const int64_t limit = ctx->saved_data["limit"].toInt();
    const double factor = gradient_scale(w.numel() / w.size(0));
    if (!w.is_cpu()) {
      const WeightGradients g = weights_backward(w, dy, saved[1], limit);
      return {g.weights, g.scales * factor, Variable()};
    }
    Variable dw = torch::empty_like(w);
    Variable ds = torch::empty_like(saved[1]);
    for_channels(w, [&](int64_t c, int64_t begin, int64_t end) {
      const double sum =
          weights_backward(block(w, begin, end), block(dy, begin, end), block(dw, begin, end),
                           saved[1].data_ptr<float>()[c], static_cast<float>(limit));
      ds.data_ptr<float>()[c] = static_cast<float>(sum * factor);
    });
    return {dw, ds, Variable()};
  }
};

}  // namespace

torch::Tensor fake_quantize(const torch::Tensor& x, const LearnedParams& params) {
  return TableFunction::apply(x, params.scale, params.scale.detach(), params.zero_point,
                              clamp_tables(params.now(), kInt8Min, kInt8Max).to(x.device()));
}

torch::Tensor fake_quantize_weight(const torch::Tensor& weight, const torch::Tensor& scales,
                                   int limit) {
  return WeightFunction::apply(weight, scales, limit);
}

torch::Tensor fake_quantized_activation(const torch::Tensor& x, ActivationKind kind,
                                        const LearnedParams& in, const LearnedParams& out) {
  return TableFunction::apply(x, in.scale, out.scale, in.zero_point,
                              activation_tables(kind, in.now(), out.now()).to(x.device()));
}

}  // namespace octet
