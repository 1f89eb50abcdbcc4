#include "train/kernels/quant_ops.h"

#include "graph/quantization.h"

namespace octet {
namespace {

struct Rounded {
  torch::Tensor steps;   // before rounding, from the zero point
  torch::Tensor q;       // the step taken
  torch::Tensor inside;  // 1 where nothing was clamped, else 0
};

Rounded rounded(const torch::Tensor& x, const torch::Tensor& scale, int64_t zero_point, int64_t low,
                int64_t high) {
  const torch::Tensor steps = x / scale;
  const torch::Tensor free = steps.round() + zero_point;  // half to even
  const torch::Tensor q = free.clamp(low, high).nan_to_num(static_cast<double>(low));
  return {.steps = steps, .q = q, .inside = (free == q).to(x.scalar_type())};
}

Rounded on_grid(const torch::Tensor& x, const TensorGrid& grid) {
  return rounded(x, grid.scale, grid.zero_point, kInt8Min, kInt8Max);
}

torch::Tensor look_up(const torch::Tensor& tables, int64_t row, const torch::Tensor& q) {
  return tables.select(0, row).index({(q - kInt8Min).to(torch::kLong)});
}

torch::Tensor by_row(const torch::Tensor& scales, const torch::Tensor& w) {
  std::vector<int64_t> shape(static_cast<size_t>(w.dim()), 1);
  shape[0] = -1;
  return scales.view(shape);
}

}  // namespace

torch::Tensor tables_forward(const torch::Tensor& x, const TensorGrid& grid,
                             const torch::Tensor& tables) {
  return look_up(tables, 0, on_grid(x, grid).q);
}

TableGradients tables_backward(const torch::Tensor& x, const torch::Tensor& dy,
                               const TensorGrid& grid, const torch::Tensor& tables) {
  const Rounded r = on_grid(x, grid);
  const torch::Tensor d = dy * look_up(tables, 1, r.q);
  return {.x = d * r.inside,
          .in_scale = (d * (r.q - grid.zero_point - r.steps * r.inside)).sum(),
          .out_scale = (dy * look_up(tables, 2, r.q)).sum()};
}

torch::Tensor weights_forward(const torch::Tensor& w, const torch::Tensor& scales, int64_t limit) {
  const torch::Tensor rows = by_row(scales, w);
  return rounded(w, rows, 0, -limit, limit).q * rows;
}

WeightGradients weights_backward(const torch::Tensor& w, const torch::Tensor& dy,
                                 const torch::Tensor& scales, int64_t limit) {
  const Rounded r = rounded(w, by_row(scales, w), 0, -limit, limit);
  return {.weights = dy * r.inside, .scales = (dy * (r.q - r.steps * r.inside)).flatten(1).sum(1)};
}

}  // namespace octet
