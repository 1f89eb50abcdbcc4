#include "train/loss/raw_distance.h"

#include <algorithm>

#include "train/loss/divergence.h"

namespace octet {
namespace {

constexpr double kLeast = 1e-6;        // of a sum that is divided by, and of a probability
constexpr double kLeastSpread = 0.01;  // standard deviation of an output, in parts of its mean
constexpr double kNothing = 1e-12;     // variance of an output that is zero everywhere
constexpr double kSharp = 2.0;         // power of probabilities where places are compared
constexpr double kUnseen = 0.1;  // weight of a map in which nothing is seen; 1 + this: surely seen
constexpr double kCellBend = 0.25;   // cells: a smaller error is squared
constexpr double kPointBend = 0.01;  // parts of the side: the same

torch::Tensor huber(const torch::Tensor& a, const torch::Tensor& b, double bend) {
  return torch::smooth_l1_loss(a, b, at::Reduction::None, bend);
}

// That an error is measured by. Of values that hardly differ it is a share of their size.
double usual_variance(const torch::Tensor& values) {
  const torch::Tensor all = values.to(torch::kDouble);
  const double mean = all.mean().item<double>();
  const double variance = std::max(all.var(/*unbiased=*/false).item<double>(),
                                   kLeastSpread * kLeastSpread * mean * mean);
  return variance > kNothing ? variance : 1;
}

torch::Tensor to_logit(const torch::Tensor& p) { return p.clamp(kLeast, 1 - kLeast).logit(); }

}  // namespace

RawDistance::RawDistance(const Model& model, const Tensors& usual, RawGains gains)
    : head_(model.info.pose_head),
      outputs_(model.outputs()),
      input_(model.usual_size()),
      gains_(gains) {
  for (size_t i = 0; i < outputs_.size(); ++i)
    variances_.push_back(variance_of(outputs_[i], usual[i]));
}

double RawDistance::variance_of(const Output& output, const torch::Tensor& usual) const {
  if (part_of(output) != PosePart::kPoints) return usual_variance(usual);
  const int64_t others = head_->point_numbers - 2;
  return others > 0 ? usual_variance(points(usual).narrow(2, 2, others)) : 1;
}

std::optional<PosePart> RawDistance::part_of(const Output& output) const {
  if (!head_) return {};
  for (const auto& [part, name] : head_->outputs) {
    if (name == output.name()) return part;
  }
  return {};
}

std::vector<torch::Tensor> RawDistance::parts(const Tensors& student,
                                              const Tensors& teacher) const {
  std::vector<torch::Tensor> list;
  for (size_t i = 0; i < outputs_.size(); ++i) list.push_back(part(i, student, teacher));
  return list;
}

torch::Tensor RawDistance::operator()(const Tensors& student, const Tensors& teacher) const {
  torch::Tensor sum = torch::zeros({}, student.front().options());
  for (const torch::Tensor& part : parts(student, teacher)) sum = sum + part;
  return sum;
}

torch::Tensor RawDistance::part(size_t output, const Tensors& student,
                                const Tensors& teacher) const {
  const torch::Tensor& found = student[output];
  const torch::Tensor& wanted = teacher[output];
  const auto kind = part_of(outputs_[output]);
  if (!kind)
    return torch::mse_loss(found, wanted) / variances_[output] *
           (head_ ? gains_.beside : gains_.other);
  const auto map = [&](PosePart of) {
    const auto at = std::find_if(outputs_.begin(), outputs_.end(),
                                 [&](const Output& o) { return part_of(o) == of; });
    return at == outputs_.end() ? torch::ones_like(wanted.narrow(1, 0, 1))
                                : teacher[static_cast<size_t>(at - outputs_.begin())];
  };
  switch (*kind) {
    case PosePart::kHeatmap:
    case PosePart::kCentre:
      return map_distance(found, wanted);
    case PosePart::kOffset:
      return shift_distance(found, wanted, map(PosePart::kHeatmap), head_->offset_in_pixels) *
             gains_.offset;
    case PosePart::kRegress:
      return shift_distance(found, wanted, map(PosePart::kCentre), false) * gains_.regress;
    case PosePart::kPoints:
      return point_distance(found, wanted, variances_[output]);
    case PosePart::kVisibility:
      return score_distance(found, wanted, true) * gains_.visibility;
    case PosePart::kPresence:
      return score_distance(found, wanted, head_->presence_is_logit) * gains_.presence;
  }
  return {};
}

torch::Tensor RawDistance::probabilities(const torch::Tensor& map) const {
  return (head_->logits ? map.sigmoid() : map.clamp(0, 1)).flatten(2);
}

torch::Tensor RawDistance::map_distance(const torch::Tensor& student,
                                        const torch::Tensor& teacher) const {
  const torch::Tensor p = probabilities(student), q = probabilities(teacher);
  const torch::Tensor score = (p - q).square().sum(-1).mean();
  const torch::Tensor weight = q.amax(-1) + kUnseen;  // (N, C)
  const auto sharpened = [](const torch::Tensor& x) { return (x + kLeast).log() * kSharp; };
  const torch::Tensor place = softmax_divergence(sharpened(p), sharpened(q));
  return score * gains_.score + (place * weight).sum() / weight.sum() * gains_.place;
}

torch::Tensor RawDistance::shift_distance(const torch::Tensor& student,
                                          const torch::Tensor& teacher, const torch::Tensor& map,
                                          bool in_pixels) const {
  const torch::Tensor p = probabilities(map);  // (N, 1 or K, cells)
  const torch::Tensor share = p.pow(kSharp);
  const torch::Tensor seen = p.amax(-1, true);
  const torch::Tensor weight =
      share / (share.sum(-1, true) + kLeast) * seen / (seen.mean() + kLeast);
  const int64_t keypoints = student.size(1) / 2;
  // The two numbers of a keypoint are beside each other, or K apart.
  const auto by_keypoint = [&](const torch::Tensor& t) {
    return head_->pairs ? t.flatten(2).unflatten(1, {keypoints, 2})
                        : t.flatten(2).unflatten(1, {2, keypoints}).transpose(1, 2);
  };
  const double cell =
      in_pixels ? static_cast<double>(input_.height) / static_cast<double>(map.size(2)) : 1.0;
  const torch::Tensor error =
      huber(by_keypoint(student) / cell, by_keypoint(teacher) / cell, kCellBend).sum(2);
  return (error * weight).sum(-1).mean();
}

torch::Tensor RawDistance::points(const torch::Tensor& output) const {
  return output.flatten(1).unflatten(1, {-1, int64_t{head_->point_numbers}});
}

// The first two numbers of a point are its place. The others are compared as raw numbers.
torch::Tensor RawDistance::point_distance(const torch::Tensor& student,
                                          const torch::Tensor& teacher, double variance) const {
  const torch::Tensor a = points(student), b = points(teacher);
  const double side = longer_side(input_);
  torch::Tensor place =
      huber(a.narrow(2, 0, 2) / side, b.narrow(2, 0, 2) / side, kPointBend).mean() * gains_.points;
  const int64_t others = head_->point_numbers - 2;
  if (others == 0) return place;
  return place +
         torch::mse_loss(a.narrow(2, 2, others), b.narrow(2, 2, others)) / variance * gains_.beside;
}

torch::Tensor RawDistance::score_distance(const torch::Tensor& student,
                                          const torch::Tensor& teacher, bool logits) const {
  return logits ? bernoulli_divergence(student, teacher).mean()
                : bernoulli_divergence(to_logit(student), to_logit(teacher)).mean();
}

}  // namespace octet
