#include "train/loss/loss.h"

#include <algorithm>
#include <functional>

#include "core/error.h"
#include "eval/metric/coco_metric.h"
#include "train/network/outputs.h"

namespace octet {
namespace {

constexpr double kBeforeLastBin = 0.01;  // a target distance has a bin on both sides

torch::Tensor logit_cross_entropy(const torch::Tensor& logits, const torch::Tensor& target) {
  return torch::binary_cross_entropy_with_logits(logits, target, {}, {}, at::Reduction::None);
}

// Mean over the four sides of the cross entropies with the bins on both sides of the target
// distance, weighted by nearness. logits (K · 4, bins), target (K, 4) and bins (bins), ascending, in
// strides.
torch::Tensor distribution_focal_loss(const torch::Tensor& logits, const torch::Tensor& target,
                                      const torch::Tensor& bins) {
  const torch::Tensor left = torch::searchsorted(bins, target, false, true) - 1;
  const torch::Tensor low = bins.index({left});
  const torch::Tensor right_share = (target - low) / (bins.index({left + 1}) - low);
  const torch::Tensor log_p = torch::log_softmax(logits, 1);
  const auto entropy = [&](const torch::Tensor& bin) {
    return -log_p.gather(1, bin.view({-1, 1})).view(target.sizes());
  };
  return (entropy(left) * (1 - right_share) + entropy(left + 1) * right_share).mean(-1);
}

}  // namespace

std::vector<NamedLoss> named_losses(LossParts parts, const Head& head) {
  std::vector<NamedLoss> list;
  if (parts.labels)
    list = {{"box", &LossItems::box}, {"cls", &LossItems::cls}, {"dfl", &LossItems::dfl}};
  if (parts.labels && head.keypoints > 0) list.push_back({"keypoint", &LossItems::keypoint});
  if (parts.labels && head.keypoints > 0 && head.keypoint_dims == 3)
    list.push_back({"visibility", &LossItems::visibility});
  if (parts.distill) list.push_back({"distill", &LossItems::distill});
  return list;
}

Loss::Loss(const ModelInfo& info, const std::vector<Output>& outputs, LossGains gains,
           AssignerOptions assigner)
    : info_(info), outputs_(outputs), gains_(gains), assigner_(assigner) {
  const std::vector<float>& bins = info.head.bins;
  if (bins.size() < 2 ||
      std::adjacent_find(bins.begin(), bins.end(), std::greater_equal<>()) != bins.end())
    fail("the bins of a box side are not ascending; such a model cannot be trained");
}

Loss::Predictions Loss::gather(const std::vector<torch::Tensor>& outputs) const {
  Predictions p;
  const auto all = [&](OutputRole role) {
    return joined(outputs, outputs_, info_, role).to(torch::kFloat);
  };
  p.box = all(OutputRole::kBox);
  p.cls = all(OutputRole::kClass);
  if (info_.task == Task::kPose) {
    p.keypoint = keypoint_offsets(outputs, outputs_, info_).to(torch::kFloat);
    if (info_.head.keypoint_dims == 3) p.visibility = all(OutputRole::kVisibility);
  }
  const torch::TensorOptions here = p.box.options();
  std::vector<torch::Tensor> cells;
  std::vector<torch::Tensor> strides;
  for (const int stride : info_.head.strides) {
    const auto at = std::find_if(outputs_.begin(), outputs_.end(),
                                 [&](const Output& o) { return o.stride == stride; });
    const torch::Tensor& output = outputs[static_cast<size_t>(at - outputs_.begin())];
    const auto axis = [&](int64_t length) { return torch::arange(length, here) + 0.5; };
    const auto grid = torch::meshgrid({axis(output.size(2)), axis(output.size(3))}, "ij");
    cells.push_back(torch::stack({grid[1], grid[0]}, -1).view({-1, 2}));
    strides.push_back(
        torch::full({output.size(2) * output.size(3), 1}, static_cast<double>(stride), here));
    p.width = static_cast<double>(output.size(3) * stride);
    p.height = static_cast<double>(output.size(2) * stride);
  }
  p.cells = torch::cat(cells);
  p.strides = torch::cat(strides);
  return p;
}

Loss::Truth Loss::pad(const Targets& targets, int64_t images, const Predictions& p) const {
  const int64_t count = targets.image.size(0);
  const torch::Tensor per_image = torch::bincount(targets.image, {}, images);
  const int64_t most = count == 0 ? 0 : per_image.max().item<int64_t>();
  Truth t{.cls = torch::zeros({images, most}, torch::kLong),
          .boxes = torch::zeros({images, most, 4}),
          .mask = torch::zeros({images, most}, torch::kBool),
          .keypoints = targets.keypoints.defined()
                           ? torch::zeros({images, most, info_.head.keypoints, 3})
                           : torch::Tensor()};
  const torch::Tensor scale = torch::tensor({p.width, p.height, p.width, p.height}, torch::kFloat);
  std::vector<int64_t> next(static_cast<size_t>(images), 0);
  for (int64_t i = 0; i < count; ++i) {
    const auto image = targets.image[i].item<int64_t>();
    const int64_t slot = next[static_cast<size_t>(image)]++;
    const torch::Tensor pixels = targets.boxes[i] * scale;
    const torch::Tensor half = pixels.slice(-1, 2, 4) / 2;
    t.cls.index_put_({image, slot}, targets.cls[i]);
    t.boxes.index_put_({image, slot},
                       torch::cat({pixels.slice(-1, 0, 2) - half, pixels.slice(-1, 0, 2) + half}));
    t.mask.index_put_({image, slot}, true);
    if (!targets.keypoints.defined()) continue;
    torch::Tensor points = targets.keypoints[i].clone();
    points.select(1, 0).mul_(p.width);
    points.select(1, 1).mul_(p.height);
    t.keypoints.index_put_({image, slot}, points);
  }
  for (torch::Tensor* part : {&t.cls, &t.boxes, &t.mask, &t.keypoints}) {
    if (part->defined()) *part = part->to(p.box.device());
  }
  return t;
}

// (N, A, 4) corners in strides.
torch::Tensor Loss::decode_boxes(const Predictions& p) const {
  const auto bins = static_cast<int64_t>(info_.head.bins.size());
  const torch::Tensor shares = p.box.unflatten(2, {4, bins}).softmax(3);
  const torch::Tensor sides = shares.matmul(torch::tensor(info_.head.bins, shares.options()));
  return torch::cat({p.cells - sides.slice(-1, 0, 2), p.cells + sides.slice(-1, 2, 4)}, -1);
}

LossItems Loss::operator()(const std::vector<torch::Tensor>& outputs,
                           const Targets& targets) const {
  const Predictions p = gather(outputs);
  const int64_t images = p.cls.size(0);
  const torch::Tensor boxes = decode_boxes(p);
  const Truth truth = pad(targets, images, p);
  const Assignment a = assign({.scores = p.cls.detach().sigmoid(),
                               .boxes = boxes.detach() * p.strides,
                               .cells = p.cells * p.strides,
                               .truth_class = truth.cls,
                               .truth_boxes = truth.boxes,
                               .truth_mask = truth.mask,
                               .smallest_side = 2.0 * info_.head.strides.front()},
                              assigner_);
  const torch::Tensor score_sum = a.scores.sum().clamp_min(1);
  const torch::Tensor cls = logit_cross_entropy(p.cls, a.scores).sum() / score_sum * gains_.cls;
  const torch::Tensor zero =
      p.box.sum() * 0;  // keeps every branch in the graph when nothing is assigned
  std::vector<torch::Tensor> terms{zero, cls, zero, zero,
                                   zero};  // box, cls, dfl, keypoint, visibility
  if (a.foreground.any().item<bool>()) {
    const torch::Tensor weight = a.scores.sum(-1).masked_select(a.foreground);
    const torch::Tensor target = (a.boxes / p.strides).index({a.foreground});
    const torch::Tensor iou = complete_iou(boxes.index({a.foreground}), target);
    terms[0] = ((1 - iou) * weight).sum() / score_sum * gains_.box;
    const auto bins = static_cast<int64_t>(info_.head.bins.size());
    const torch::Tensor cells = p.cells.unsqueeze(0).expand({images, -1, 2}).index({a.foreground});
    const torch::Tensor sides =
        torch::cat({cells - target.slice(-1, 0, 2), target.slice(-1, 2, 4) - cells}, -1)
            .clamp(info_.head.bins.front(), info_.head.bins.back() - kBeforeLastBin);
    const torch::Tensor dfl =
        distribution_focal_loss(p.box.index({a.foreground}).view({-1, bins}), sides,
                                torch::tensor(info_.head.bins, sides.options()));
    terms[2] = (dfl * weight).sum() / score_sum * gains_.dfl;
    if (info_.task == Task::kPose) pose_terms(p, truth, a, terms);
  }
  const torch::Tensor stacked = torch::stack(terms);
  const torch::Tensor values = stacked.detach().cpu();
  const auto item = [&](int64_t i) { return values[i].item<double>(); };
  return {.total = stacked.sum() * images,
          .box = item(0),
          .cls = item(1),
          .dfl = item(2),
          .keypoint = item(3),
          .visibility = item(4)};
}

void Loss::pose_terms(const Predictions& p, const Truth& truth, const Assignment& a,
                      std::vector<torch::Tensor>& terms) const {
  const int64_t images = p.cls.size(0);
  const torch::Tensor strides =
      p.strides.view({1, -1}).expand({images, -1}).masked_select(a.foreground).view({-1, 1, 1});
  const torch::Tensor cells =
      p.cells.unsqueeze(0).expand({images, -1, 2}).index({a.foreground}).unsqueeze(1);
  const torch::Tensor predicted =
      p.keypoint.index({a.foreground}) * 2 + (cells - 0.5);  // (K, keypoints, 2) in strides
  const torch::Tensor image = torch::arange(images, a.object.options())
                                  .view({-1, 1})
                                  .expand_as(a.object)
                                  .masked_select(a.foreground);
  const torch::Tensor wanted = truth.keypoints.index({image, a.object.masked_select(a.foreground)});
  const torch::Tensor labelled = (wanted.select(2, 2) != 0).to(torch::kFloat);
  const torch::Tensor box = (a.boxes / p.strides).index({a.foreground});
  const torch::Tensor area =
      ((box.select(1, 2) - box.select(1, 0)) * (box.select(1, 3) - box.select(1, 1))).unsqueeze(1);
  const torch::Tensor distance = (predicted - wanted.slice(-1, 0, 2) / strides).square().sum(-1);
  std::vector<double> sigmas = keypoint_sigmas(info_.head.keypoints);
  const torch::Tensor spread = (torch::tensor(sigmas, box.options()) * 2).square();
  const torch::Tensor exponent = distance / (spread * (area + 1e-9) * 2);
  const torch::Tensor factor =
      static_cast<double>(info_.head.keypoints) / (labelled.sum(1, true) + 1e-9);
  terms[3] = (factor * (1 - torch::exp(-exponent)) * labelled).mean() * gains_.keypoint;
  if (info_.head.keypoint_dims == 3) {
    terms[4] = logit_cross_entropy(p.visibility.index({a.foreground}), labelled).mean() *
               gains_.visibility;
  }
}

}  // namespace octet
