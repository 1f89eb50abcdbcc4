// Batch normalization, for training.
#pragma once

#include "graph/ops/operator.h"

namespace octet {

// y = gamma · (x − mean) / √(variance + epsilon) + beta, per channel (Ioffe and Szegedy, "Batch
// Normalization", 2015).
struct BatchNorm {
  static constexpr OperatorTraits kTraits{
      .name = "BatchNorm", .channelwise = true, .training_only = true};

  float epsilon = 1e-3F;
  Tensor gamma, beta, mean, variance;  // (C) each

  template <typename Op, typename Visit>
  static void fields(Op& op, Visit&& visit) {
    visit("epsilon", op.epsilon);
  }
  template <typename Op, typename Visit>
  static void tensors(Op& op, Visit&& visit) {
    visit("gamma", op.gamma, Needed::kYes);
    visit("beta", op.beta, Needed::kYes);
    visit("mean", op.mean, Needed::kYes);
    visit("variance", op.variance, Needed::kYes);
  }
  [[nodiscard]] Shape output_shape(const ShapeInputs& in) const;
  void keep_channels(const ChannelList& inputs, const ChannelList& outputs);
};

}  // namespace octet
