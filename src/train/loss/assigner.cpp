#include "train/loss/assigner.h"

#include <numbers>

namespace octet {
namespace {
constexpr double kEpsilon = 1e-7;
constexpr double kInside = 1e-9;
}  // namespace

torch::Tensor complete_iou(const torch::Tensor& a, const torch::Tensor& b) {
  const auto corner = [](const torch::Tensor& t, int64_t i) { return t.select(-1, i); };
  const torch::Tensor aw = corner(a, 2) - corner(a, 0);
  const torch::Tensor ah = corner(a, 3) - corner(a, 1) + kEpsilon;
  const torch::Tensor bw = corner(b, 2) - corner(b, 0);
  const torch::Tensor bh = corner(b, 3) - corner(b, 1) + kEpsilon;
  const torch::Tensor width =
      (torch::minimum(corner(a, 2), corner(b, 2)) - torch::maximum(corner(a, 0), corner(b, 0)))
          .clamp_min(0);
  const torch::Tensor height =
      (torch::minimum(corner(a, 3), corner(b, 3)) - torch::maximum(corner(a, 1), corner(b, 1)))
          .clamp_min(0);
  const torch::Tensor common = width * height;
  const torch::Tensor iou = common / (aw * ah + bw * bh - common + kEpsilon);
  // The enclosing box's squared diagonal, and the squared distance of the centres.
  const torch::Tensor cw =
      torch::maximum(corner(a, 2), corner(b, 2)) - torch::minimum(corner(a, 0), corner(b, 0));
  const torch::Tensor ch =
      torch::maximum(corner(a, 3), corner(b, 3)) - torch::minimum(corner(a, 1), corner(b, 1));
  const torch::Tensor diagonal = cw.square() + ch.square() + kEpsilon;
  const torch::Tensor dx = corner(b, 0) + corner(b, 2) - corner(a, 0) - corner(a, 2);
  const torch::Tensor dy = corner(b, 1) + corner(b, 3) - corner(a, 1) - corner(a, 3);
  const torch::Tensor distance = (dx.square() + dy.square()) / 4;
  const torch::Tensor shape = (4 / (std::numbers::pi * std::numbers::pi)) *
                              (torch::atan(bw / bh) - torch::atan(aw / ah)).square();
  const torch::Tensor weight = (shape / (shape - iou + (1 + kEpsilon))).detach();
  return iou - (distance / diagonal + shape * weight);
}

Assignment assign(const AssignerInput& in, const AssignerOptions& options) {
  const torch::NoGradGuard no_grad;
  const int64_t batch = in.scores.size(0);
  const int64_t cells = in.scores.size(1);
  const int64_t classes = in.scores.size(2);
  const int64_t objects = in.truth_boxes.size(1);
  if (objects == 0) {
    return {.scores = torch::zeros_like(in.scores),
            .boxes = torch::zeros_like(in.boxes),
            .object = torch::zeros({batch, cells}, in.scores.options().dtype(torch::kLong)),
            .foreground = torch::zeros({batch, cells}, in.scores.options().dtype(torch::kBool))};
  }
  // (N, M, A): a cell whose centre lies in the object's box is a candidate. Short sides count as
  // longer ones, else an object between the centres of cells would have none.
  const torch::Tensor centres = in.cells.view({1, 1, cells, 2});
  const torch::Tensor box = in.truth_boxes.view({batch, objects, 1, 4});
  const torch::Tensor middle = (box.slice(-1, 0, 2) + box.slice(-1, 2, 4)) / 2;
  const torch::Tensor sides = box.slice(-1, 2, 4) - box.slice(-1, 0, 2);
  const torch::Tensor reach = sides.clamp_min(in.smallest_side) / 2;
  const torch::Tensor margins = reach - (centres - middle).abs();
  const torch::Tensor candidates = (margins.amin(-1) > kInside) & in.truth_mask.unsqueeze(-1);
  // Alignment = score^alpha · IoU^beta.
  const torch::Tensor index = in.truth_class.unsqueeze(1).expand({batch, cells, objects});
  const torch::Tensor score = in.scores.gather(2, index).transpose(1, 2) * candidates;
  const torch::Tensor iou = complete_iou(box, in.boxes.unsqueeze(1)).clamp_min(0) * candidates;
  const torch::Tensor alignment = score.pow(options.alpha) * iou.pow(options.beta);
  // The best cells of each object; a cell wanted by several goes to the object it overlaps most.
  const int64_t k = std::min(options.top_k, cells);
  torch::Tensor chosen =
      torch::zeros_like(candidates).scatter(2, std::get<1>(alignment.topk(k, 2)), true) &
      candidates;
  const torch::Tensor contested = (chosen.sum(1, true) > 1).expand_as(chosen);
  const torch::Tensor closest = torch::zeros_like(chosen).scatter(1, iou.argmax(1, true), true);
  chosen = torch::where(contested, closest, chosen);
  const torch::Tensor object = chosen.to(torch::kByte).argmax(1);
  const torch::Tensor foreground = chosen.any(1);
  // Target scores: each object's best cell gets its best IoU, the others in proportion to their
  // alignment.
  const torch::Tensor kept = alignment * chosen;
  const torch::Tensor best = kept.amax(2, true);
  const torch::Tensor best_iou = (iou * chosen).amax(2, true);
  const torch::Tensor strength = (kept * best_iou / (best + kInside)).amax(1);
  const torch::Tensor label = in.truth_class.gather(1, object).clamp_min(0);
  const torch::Tensor one_hot = torch::zeros({batch, cells, classes}, in.scores.options())
                                    .scatter(2, label.unsqueeze(-1), 1.0);
  return {.scores = one_hot * (strength * foreground).unsqueeze(-1),
          .boxes = in.truth_boxes.gather(1, object.unsqueeze(-1).expand({batch, cells, 4})),
          .object = object,
          .foreground = foreground};
}

}  // namespace octet
