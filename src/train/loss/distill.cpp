#include "train/loss/distill.h"

#include <algorithm>

#include "eval/metric/coco_metric.h"
#include "graph/topology.h"
#include "train/network/outputs.h"

namespace octet {
namespace {

constexpr double kLeast = 1e-6;  // of a sum that is divided by

// Of Bernoulli distributions given as logits, element by element.
torch::Tensor bernoulli_divergence(const torch::Tensor& student, const torch::Tensor& teacher) {
  const torch::Tensor p = teacher.sigmoid();
  const auto cross = [&](const torch::Tensor& logits) {
    return torch::binary_cross_entropy_with_logits(logits, p, {}, {}, at::Reduction::None);
  };
  return cross(student) - cross(teacher);
}

}  // namespace

Distillation::Distillation(const Model& model, DistillGains gains)
    : info_(model.info), outputs_(model.outputs()), gains_(gains) {}

torch::Tensor Distillation::operator()(const std::vector<torch::Tensor>& student,
                                       const std::vector<torch::Tensor>& teacher) const {
  const auto all = [&](const std::vector<torch::Tensor>& outputs, OutputRole role) {
    return joined(outputs, outputs_, info_, role);
  };
  const auto logits = [&](const std::vector<torch::Tensor>& outputs) {
    return all(outputs, OutputRole::kClass).clamp_min(kLeastClassLogit);
  };
  const torch::Tensor teacher_cls = logits(teacher);
  const torch::Tensor weight = teacher_cls.sigmoid().amax(-1);  // (N, A)
  const torch::Tensor total = weight.sum() + kLeast;
  torch::Tensor sum = bernoulli_divergence(logits(student), teacher_cls).sum() / total * gains_.cls;

  const auto bins = static_cast<int64_t>(info_.head.bins.size());
  const auto sides = [&](const std::vector<torch::Tensor>& outputs) {
    return all(outputs, OutputRole::kBox).unflatten(2, {4, bins}).log_softmax(3);
  };
  const torch::Tensor teacher_sides = sides(teacher);
  const torch::Tensor divergence =
      (teacher_sides.exp() * (teacher_sides - sides(student))).sum({2, 3});
  sum = sum + (divergence * weight).sum() / total * gains_.box;
  if (info_.head.keypoints == 0) return sum;

  const torch::TensorOptions here = teacher_sides.options();
  const torch::Tensor extent =
      teacher_sides.exp().matmul(torch::tensor(info_.head.bins, here));  // (N, A, 4) strides
  const torch::Tensor area =
      (extent.select(2, 0) + extent.select(2, 2)) * (extent.select(2, 1) + extent.select(2, 3));
  const auto points = [&](const std::vector<torch::Tensor>& outputs) {
    return keypoint_offsets(outputs, outputs_, info_) * 2;
  };
  const torch::Tensor spread =
      (torch::tensor(keypoint_sigmas(info_.head.keypoints), here) * 2).square();
  const torch::Tensor distance = (points(student) - points(teacher)).square().sum(-1);
  const torch::Tensor oks =
      torch::exp(-distance / (spread * (area.unsqueeze(2) + kLeast) * 2)).mean(-1);
  sum = sum + ((1 - oks) * weight).sum() / total * gains_.keypoint;
  if (info_.head.keypoint_dims == 3) {
    const torch::Tensor visible = bernoulli_divergence(all(student, OutputRole::kVisibility),
                                                       all(teacher, OutputRole::kVisibility))
                                      .mean(-1);
    sum = sum + (visible * weight).sum() / total * gains_.visibility;
  }
  return sum;
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
  if (student.empty()) return torch::zeros({});
  torch::Tensor sum = torch::zeros({}, student[0].options());
  for (size_t i = 0; i < student.size(); ++i) {
    const torch::Tensor power = teacher[i].square().mean() + kLeast;
    sum = sum + torch::mse_loss(student[i], teacher[i]) / power;
  }
  return sum / static_cast<double>(student.size());
}

}  // namespace octet
