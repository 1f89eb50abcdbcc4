// The exponential moving average of a network's parameters and buffers. It is evaluated and
// written.
#pragma once

#include "train/network/network.h"

namespace octet {

struct AverageOptions {
  double decay = 0.9999;
  double ramp = 2000;  // updates until the decay is near its end value
  // The average covers at least this share of all updates, as far as `decay` allows it.
  double least_share = 0.1;
};

class WeightAverage {
 public:
  using Tensors = TrainableNetwork::Tensors;

  WeightAverage(const TrainableNetwork& network, AverageOptions options);

  void update(const TrainableNetwork& network);
  // Exchanges the values of the network and the averages. A second call restores them.
  void swap(const TrainableNetwork& network);

  [[nodiscard]] Tensors& values() { return values_; }  // parameters and buffers by name
  [[nodiscard]] int64_t updates() const { return updates_; }
  void set_updates(int64_t updates) { updates_ = updates; }

 private:
  AverageOptions options_;
  Tensors values_;
  int64_t updates_ = 0;
};

}  // namespace octet
