#include "train/loss/distill.h"

#include <algorithm>
#include <map>

#include "eval/metric/coco_metric.h"
#include "graph/topology.h"
#include "train/loss/divergence.h"
#include "train/network/outputs.h"

namespace octet {
namespace {

constexpr double kSeen = 0.25;   // the class probability of an object
constexpr double kLeast = 1e-6;  // of a sum that is divided by
constexpr double kRidge = 1e-3;  // of a channel's mean square, so that equal channels have one map

// √ of the second derivative of bernoulli_divergence() where both are equal.
torch::Tensor bernoulli_deviation(const torch::Tensor& logits) {
  const torch::Tensor p = logits.sigmoid();
  return (p * (1 - p)).sqrt();
}

// −1 or 1 for every element.
torch::Tensor signs(const torch::Tensor& like, const at::Generator& random) {
  return (torch::randint(0, 2, like.sizes(), random, torch::kFloat) * 2 - 1).to(like.device());
}

// (N, C, H, W) as (N · H · W, C).
torch::Tensor rows(const torch::Tensor& feature) {
  return feature.permute({0, 2, 3, 1}).flatten(0, 2);
}

// The best linear map of the student's channels to the teacher's, applied. At the best map its own
// change adds nothing to the gradient, so it is a constant.
torch::Tensor fitted(const torch::Tensor& student, const torch::Tensor& teacher) {
  const torch::Tensor x = rows(student);
  torch::Tensor map;
  {
    const torch::NoGradGuard no_grad;
    torch::Tensor square = x.t().matmul(x);
    const torch::Tensor power = square.diagonal().mean();
    square.diagonal().add_(power * kRidge + kLeast);
    const torch::Tensor factor = std::get<0>(at::linalg_cholesky_ex(square));
    map = torch::cholesky_solve(x.t().matmul(rows(teacher)), factor);
  }
  return x.matmul(map);
}

}  // namespace

// What the teacher sees.
struct Distillation::Cells {
  explicit Cells(const torch::Tensor& logits)
      : weight(logits.sigmoid().amax(-1)), total(weight.sum() + kLeast) {}

  torch::Tensor weight;  // (N, A)
  torch::Tensor total;
  torch::Tensor reach;  // (N, A, keypoints)
};

Distillation::Distillation(const Model& model, DistillGains gains)
    : info_(model.info), outputs_(model.outputs()), gains_(gains) {}

torch::Tensor Distillation::all(const std::vector<torch::Tensor>& outputs, OutputRole role) const {
  return joined(outputs, outputs_, info_, role);
}

torch::Tensor Distillation::class_logits(const std::vector<torch::Tensor>& outputs) const {
  return all(outputs, OutputRole::kClass).clamp_min(kLeastClassLogit);
}

// (N, A, 4, bins)
torch::Tensor Distillation::side_logits(const std::vector<torch::Tensor>& outputs) const {
  return all(outputs, OutputRole::kBox)
      .unflatten(2, {4, static_cast<int64_t>(info_.head.bins.size())});
}

// (N, A, keypoints, 2) in strides
torch::Tensor Distillation::points(const std::vector<torch::Tensor>& outputs) const {
  return keypoint_offsets(outputs, outputs_, info_) * 2;
}

// The square of the distance at which OKS is 1/e, in strides, from the shares of the bins.
torch::Tensor Distillation::reach(const torch::Tensor& sides) const {
  const torch::TensorOptions here = sides.options();
  const torch::Tensor extent = sides.matmul(torch::tensor(info_.head.bins, here));  // (N, A, 4)
  const torch::Tensor area =
      (extent.select(2, 0) + extent.select(2, 2)) * (extent.select(2, 1) + extent.select(2, 3));
  const torch::Tensor spread =
      (torch::tensor(keypoint_sigmas(info_.head.keypoints), here) * 2).square();
  return spread * (area.unsqueeze(2) + kLeast) * 2;
}

torch::Tensor Distillation::operator()(const std::vector<torch::Tensor>& student,
                                       const std::vector<torch::Tensor>& teacher,
                                       const torch::Tensor& trust) const {
  const torch::Tensor wanted_cls = class_logits(teacher);
  Cells cells(wanted_cls);
  torch::Tensor of_classes = bernoulli_divergence(class_logits(student), wanted_cls);
  if (trust.defined()) {
    of_classes = of_classes * trust.unsqueeze(2);
    cells.weight = cells.weight * trust;
  }
  const torch::Tensor cls = of_classes.sum() / cells.total * gains_.cls;
  const torch::Tensor wanted = side_logits(teacher).log_softmax(3);
  const torch::Tensor divergence =
      (wanted.exp() * (wanted - side_logits(student).log_softmax(3))).sum({2, 3});
  torch::Tensor sum = cls + (divergence * cells.weight).sum() / cells.total * gains_.box;
  if (info_.head.keypoints == 0) return sum;
  cells.reach = reach(wanted.exp());
  return sum + pose_distance(student, teacher, cells);
}

torch::Tensor Distillation::pose_distance(const std::vector<torch::Tensor>& student,
                                          const std::vector<torch::Tensor>& teacher,
                                          const Cells& cells) const {
  const torch::Tensor distance = (points(student) - points(teacher)).square().sum(-1);
  const torch::Tensor oks = torch::exp(-distance / cells.reach).mean(-1);
  torch::Tensor sum = ((1 - oks) * cells.weight).sum() / cells.total * gains_.keypoint;
  if (info_.head.keypoint_dims < 3) return sum;
  const torch::Tensor visible = bernoulli_divergence(all(student, OutputRole::kVisibility),
                                                     all(teacher, OutputRole::kVisibility))
                                    .mean(-1);
  return sum + (visible * cells.weight).sum() / cells.total * gains_.visibility;
}

// The factors of each part have a mean of zero, and its second derivative as their covariance:
// p (1 − p) for a probability, diag(p) − p pᵀ for a distribution over bins.
torch::Tensor Distillation::probe(const std::vector<torch::Tensor>& outputs,
                                  const at::Generator& random) const {
  const torch::Tensor logits = class_logits(outputs);
  Cells cells(logits.detach());
  const torch::Tensor cls = bernoulli_deviation(logits.detach()) * signs(logits, random) *
                            (gains_.cls / cells.total).sqrt();
  const torch::Tensor sides = side_logits(outputs);
  const torch::Tensor p = sides.detach().softmax(3);
  const torch::Tensor drawn = p.sqrt() * signs(p, random);
  const torch::Tensor share = (cells.weight / cells.total * gains_.box).sqrt();  // (N, A)
  const torch::Tensor box = (drawn - p * drawn.sum(3, true)) * share.unsqueeze(-1).unsqueeze(-1);
  torch::Tensor sum = (logits * cls).sum() + (sides * box).sum();
  if (info_.head.keypoints == 0) return sum;
  cells.reach = reach(p);
  return sum + pose_probe(outputs, cells, random);
}

torch::Tensor Distillation::pose_probe(const std::vector<torch::Tensor>& outputs,
                                       const Cells& cells, const at::Generator& random) const {
  const torch::Tensor share =
      (cells.weight / cells.total / info_.head.keypoints).unsqueeze(2);  // (N, A, 1)
  const torch::Tensor at = points(outputs);
  const torch::Tensor factor = (share * gains_.keypoint * 2 / cells.reach).sqrt().unsqueeze(3);
  torch::Tensor sum = (at * factor * signs(at, random)).sum();
  if (info_.head.keypoint_dims < 3) return sum;
  const torch::Tensor visible = all(outputs, OutputRole::kVisibility);
  return sum + (visible * bernoulli_deviation(visible.detach()) *
                (share * gains_.visibility).sqrt() * signs(visible, random))
                   .sum();
}

torch::Tensor trusted_cells(const std::vector<torch::Tensor>& teacher,
                            const std::vector<Output>& outputs, const std::vector<int>& strides) {
  std::map<int, torch::Tensor> seen;  // (N, 1, h, w) by stride: the highest class probability
  for (size_t i = 0; i < outputs.size(); ++i) {
    if (outputs[i].role == OutputRole::kClass)
      seen[outputs[i].stride] = teacher[i].sigmoid().amax(1, true);
  }
  if (seen.size() == strides.size()) return {};
  const auto has = [&](int stride) {
    return std::find(strides.begin(), strides.end(), stride) != strides.end();
  };
  // No other scale of the student lies between them.
  const auto neighbours = [&](int lost, int stride) {
    return std::none_of(strides.begin(), strides.end(), [&](int s) {
      return s > std::min(lost, stride) && s < std::max(lost, stride);
    });
  };
  std::vector<torch::Tensor> parts;
  for (const int stride : strides) {
    const torch::Tensor& own = seen.at(stride);
    torch::Tensor trust = torch::ones_like(own);
    for (const auto& [lost, found] : seen) {
      if (has(lost) || !neighbours(lost, stride)) continue;
      const torch::Tensor here =
          lost < stride ? std::get<0>(torch::adaptive_max_pool2d(found, own.sizes().slice(2)))
                        : torch::upsample_nearest2d(found, own.sizes().slice(2));
      trust = trust * (here < own.clamp_min(kSeen)).to(trust.scalar_type());
    }
    parts.push_back(trust.flatten(1));
  }
  return torch::cat(parts, 1);
}

std::vector<std::string> shared_features(const Graph& graph) {
  const Topology topology(graph);
  std::vector<std::string> names;
  for (const Node& node : graph.nodes) {
    if (std::holds_alternative<Activation>(node.op) && topology.consumers(node.name).size() > 1)
      names.push_back(node.name);
  }
  return names;
}

torch::Tensor feature_distance(std::span<const torch::Tensor> student,
                               std::span<const torch::Tensor> teacher) {
  if (teacher.empty()) return torch::zeros({});
  torch::Tensor sum = torch::zeros({}, teacher[0].options());
  for (size_t i = 0; i < teacher.size(); ++i) {
    const torch::Tensor power = teacher[i].square().mean() + kLeast;
    const bool equal = student[i].size(1) == teacher[i].size(1);
    sum = sum + (equal ? torch::mse_loss(student[i], teacher[i])
                       : torch::mse_loss(fitted(student[i], teacher[i]), rows(teacher[i]))) /
                    power;
  }
  return sum / static_cast<double>(teacher.size());
}

}  // namespace octet
