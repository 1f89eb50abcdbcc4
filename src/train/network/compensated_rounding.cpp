#include "train/network/compensated_rounding.h"

#include <algorithm>

namespace octet {
namespace {

constexpr int64_t kMostWeights = 4608;  // of a channel: 512 inputs of 3 x 3
constexpr double kDamping = 0.01;       // of the mean square of an input, is added to each
constexpr double kLeast = 1e-30;        // of a mean square
// Places of the inputs that are looked at.
constexpr int64_t kLeastPlaces = 2048, kPlacesPerWeight = 4;
constexpr int64_t kBlock = 128;  // weights whose errors the later ones take back together

torch::Tensor on_grid(const torch::Tensor& weight, const torch::Tensor& steps, int64_t limit) {
  return (weight / steps).round().clamp(-limit, limit) * steps;
}

// What the weights are multiplied by in one image, (groups, n, at most `most` places).
torch::Tensor inputs_of(const Conv2d& op, const torch::Tensor& image, int64_t most) {
  const Padding& p = op.padding;
  const torch::Tensor wide = torch::constant_pad_nd(image, {p.left, p.right, p.top, p.bottom});
  const torch::Tensor all =
      torch::im2col(wide.contiguous(), {op.weight.shape[2], op.weight.shape[3]},
                    {op.dilation, op.dilation}, {0, 0}, {op.stride, op.stride})[0];
  const int64_t apart = (all.size(1) + most - 1) / most;
  const torch::Tensor some = all.slice(1, 0, all.size(1), apart).contiguous();
  return some.view(at::IntArrayRef{op.groups, some.size(0) / op.groups, some.size(1)});
}

// Sums of the inputs' products, (groups, n, n), with a damped diagonal.
torch::Tensor products_of(const Conv2d& op, const torch::Tensor& x, int64_t n) {
  const int64_t most = std::max(kLeastPlaces, kPlacesPerWeight * n) / x.size(0) + 1;
  torch::Tensor sum = torch::zeros({op.groups, n, n}, torch::kDouble);
  for (int64_t i = 0; i < x.size(0); ++i) {
    const torch::Tensor p = inputs_of(op, x.narrow(0, i, 1), most).cpu();
    sum.add_(p.matmul(p.transpose(1, 2)));
  }
  const torch::Tensor diagonal = sum.diagonal(0, 1, 2);
  // Whatever is done to the weight of an input that is zero everywhere changes nothing.
  const torch::Tensor least = (diagonal <= kLeast).to(torch::kDouble);
  return sum + torch::diag_embed(diagonal.mean(1, true) * kDamping + least);
}

// `left` (groups, O / groups, n): what each weight should be, the earlier ones first. `shares` (groups,
// n, n): how the later ones take an error back.
torch::Tensor round_in_order(const torch::Tensor& left, const torch::Tensor& shares,
                             const torch::Tensor& steps, int64_t limit) {
  const int64_t n = left.size(2);
  torch::Tensor rounded = torch::empty_like(left), errors = torch::empty_like(left);
  for (int64_t begin = 0; begin < n; begin += kBlock) {
    const int64_t end = std::min(begin + kBlock, n);
    for (int64_t i = begin; i < end; ++i) {
      const torch::Tensor w = left.narrow(2, i, 1);
      const torch::Tensor q = on_grid(w, steps, limit);
      const torch::Tensor row = shares.narrow(1, i, 1);  // (groups, 1, n)
      const torch::Tensor error = (w - q) / row.narrow(2, i, 1);
      rounded.narrow(2, i, 1).copy_(q);
      errors.narrow(2, i, 1).copy_(error);
      left.slice(2, i + 1, end).sub_(error * row.slice(2, i + 1, end));
    }
    left.slice(2, end).sub_(
        errors.slice(2, begin, end).matmul(shares.slice(1, begin, end).slice(2, end)));
  }
  return rounded;
}

}  // namespace

torch::Tensor round_compensated(const Conv2d& op, const torch::Tensor& weight,
                                const torch::Tensor& x, const torch::Tensor& scales,
                                int64_t limit) {
  const int64_t n = weight.size(1) * weight.size(2) * weight.size(3);
  const auto nearest = [&] { return on_grid(weight, scales.view({-1, 1, 1, 1}), limit); };
  if (n > kMostWeights) return nearest();
  const torch::Tensor products = products_of(op, x, n);
  if (!products.isfinite().all().item<bool>()) return nearest();
  // The weights of the largest inputs come first.
  const torch::Tensor order = products.diagonal(0, 1, 2).argsort(1, /*descending=*/true);
  const torch::Tensor rows = order.unsqueeze(2).expand_as(products);
  const torch::Tensor sorted =
      products.gather(1, rows).gather(2, order.unsqueeze(1).expand_as(products));
  const torch::Tensor given = weight.to(torch::kCPU, torch::kDouble).reshape({op.groups, -1, n});
  const torch::Tensor columns = order.unsqueeze(1).expand_as(given);
  const torch::Tensor steps = scales.to(torch::kCPU, torch::kDouble).view({op.groups, -1, 1});
  const torch::Tensor inverse = torch::cholesky_inverse(torch::linalg_cholesky(sorted));
  const torch::Tensor shares = torch::linalg_cholesky(inverse, /*upper=*/true);
  const torch::Tensor rounded = round_in_order(given.gather(2, columns), shares, steps, limit);
  return torch::empty_like(given)
      .scatter_(2, columns, rounded)
      .reshape(weight.sizes())
      .to(weight.options());
}

}  // namespace octet
