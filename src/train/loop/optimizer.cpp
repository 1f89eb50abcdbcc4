#include "train/loop/optimizer.h"

#include <torch/nn/utils/clip_grad.h>

#include <cmath>

namespace octet {
namespace {
constexpr double kSquareDecay = 0.999;
constexpr double kEpsilon = 1e-8;
}  // namespace

Optimizer::Optimizer(OptimizerKind kind, const Tensors& parameters,
                     std::vector<ParameterGroup> groups)
    : kind_(kind), parameters_(parameters), groups_(std::move(groups)) {}

void Optimizer::zero_grad() {
  for (auto& [name, value] : parameters_) value.mutable_grad().reset();
}

double Optimizer::clip(double norm) {
  std::vector<torch::Tensor> with_gradient;
  for (const auto& group : groups_) {
    for (const std::string& name : group.names) {
      if (parameters_.at(name).grad().defined()) with_gradient.push_back(parameters_.at(name));
    }
  }
  return torch::nn::utils::clip_grad_norm_(with_gradient, norm);
}

void Optimizer::step() {
  const torch::NoGradGuard no_grad;
  ++steps_;
  for (const ParameterGroup& group : groups_) {
    for (const std::string& name : group.names) {
      torch::Tensor value = parameters_.at(name);
      if (!value.grad().defined()) continue;
      kind_ == OptimizerKind::kSgd ? sgd(value, name, group) : adamw(value, name, group);
    }
  }
}

torch::Tensor& Optimizer::kept(const std::string& name, const torch::Tensor& like) {
  auto [at, made] = state_.try_emplace(name);
  if (made) at->second = torch::zeros_like(like);
  return at->second;
}

void Optimizer::sgd(torch::Tensor& value, const std::string& name, const ParameterGroup& group) {
  torch::Tensor gradient = value.grad();
  if (group.weight_decay > 0) gradient = gradient.add(value, group.weight_decay);
  torch::Tensor& velocity = kept("momentum." + name, value);
  velocity.mul_(momentum_).add_(gradient);
  value.add_(gradient.add(velocity, momentum_), -group.learning_rate * group.rate_factor);
}

void Optimizer::adamw(torch::Tensor& value, const std::string& name, const ParameterGroup& group) {
  const double rate = group.learning_rate * group.rate_factor;
  const torch::Tensor& gradient = value.grad();
  torch::Tensor& mean = kept("momentum." + name, value);
  torch::Tensor& square = kept("square." + name, value);
  mean.lerp_(gradient, 1 - momentum_);
  square.mul_(kSquareDecay).addcmul_(gradient, gradient, 1 - kSquareDecay);
  const auto n = static_cast<double>(steps_);
  const double mean_share = 1 - std::pow(momentum_, n);
  const double square_share = 1 - std::pow(kSquareDecay, n);
  value.mul_(1 - rate * group.weight_decay);
  value.addcdiv_(mean, square.sqrt().div_(std::sqrt(square_share)).add_(kEpsilon),
                 -rate / mean_share);
}

}  // namespace octet
