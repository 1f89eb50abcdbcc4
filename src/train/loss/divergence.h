// Divergences of probabilities, with gradients for the first one.
#pragma once

#include "train/torch.h"

namespace octet {

// Of Bernoulli distributions given as logits, element by element.
[[nodiscard]] inline torch::Tensor bernoulli_divergence(const torch::Tensor& student,
                                                        const torch::Tensor& teacher) {
  const torch::Tensor p = teacher.sigmoid();
  const auto cross = [&](const torch::Tensor& logits) {
    return torch::binary_cross_entropy_with_logits(logits, p, {}, {}, at::Reduction::None);
  };
  return cross(student) - cross(teacher);
}

// Of distributions over the last axis, given as logarithms that need not be normalized. The axis goes.
[[nodiscard]] inline torch::Tensor softmax_divergence(const torch::Tensor& student,
                                                      const torch::Tensor& teacher) {
  const torch::Tensor wanted = teacher.log_softmax(-1);
  return (wanted.exp() * (wanted - student.log_softmax(-1))).sum(-1);
}

}  // namespace octet
