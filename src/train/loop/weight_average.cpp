#include "train/loop/weight_average.h"

#include <algorithm>
#include <cmath>

namespace octet {
namespace {

template <typename F>
void for_each_tensor(const TrainableNetwork& network, F&& visit) {
  for (const auto* tensors : {&network.parameters(), &network.buffers()}) {
    for (const auto& [name, tensor] : *tensors) visit(name, tensor.detach());
  }
}

}  // namespace

WeightAverage::WeightAverage(const TrainableNetwork& network, AverageOptions options)
    : options_(options) {
  for_each_tensor(network, [this](const std::string& name, const torch::Tensor& value) {
    values_[name] = value.clone();
  });
}

void WeightAverage::update(const TrainableNetwork& network) {
  const torch::NoGradGuard no_grad;
  const auto n = static_cast<double>(++updates_);
  const double ramped = options_.decay * (1 - std::exp(-n / options_.ramp));
  const double spanning = std::min(options_.decay, 1 - 1 / (1 + options_.least_share * n));
  const double decay = std::max(ramped, spanning);
  for_each_tensor(network, [&](const std::string& name, const torch::Tensor& value) {
    values_.at(name).lerp_(value, 1 - decay);
  });
}

void WeightAverage::swap(const TrainableNetwork& network) {
  const torch::NoGradGuard no_grad;
  for_each_tensor(network, [&](const std::string& name, const torch::Tensor& value) {
    const torch::Tensor kept = value.clone();
    value.copy_(values_.at(name));
    values_.at(name).copy_(kept);
  });
}

}  // namespace octet
