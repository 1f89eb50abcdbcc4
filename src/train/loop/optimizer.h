// Stochastic gradient descent with Nesterov momentum, and AdamW (Loshchilov and Hutter, "Decoupled
// weight decay regularization", 2019), with state that can be written to a file and read back.
//
// libtorch's optimizers have the same state, but only as a pickle.
#pragma once

#include <map>
#include <string>
#include <vector>

#include "train/torch.h"

namespace octet {

enum class OptimizerKind { kSgd, kAdamW };

struct ParameterGroup {
  std::vector<std::string> names;
  double weight_decay = 0;
  double rate_factor = 1;      // times the learning rate
  double learning_rate = 0.0;  // set before every step
};

class Optimizer {
 public:
  using Tensors = std::map<std::string, torch::Tensor>;

  Optimizer(OptimizerKind kind, const Tensors& parameters, std::vector<ParameterGroup> groups);

  [[nodiscard]] std::vector<ParameterGroup>& groups() { return groups_; }
  void set_momentum(double momentum) { momentum_ = momentum; }

  void zero_grad();
  // Scales the gradients so that their common norm is at most `norm`. Returns the norm before it.
  [[nodiscard]] double clip(double norm);
  void step();

  // "momentum.NAME", "square.NAME". The tensors are shared, so that a file can be written from them
  // and read into them.
  [[nodiscard]] Tensors& state() { return state_; }
  [[nodiscard]] int64_t steps() const { return steps_; }
  void set_steps(int64_t steps) { steps_ = steps; }

 private:
  void sgd(torch::Tensor& value, const std::string& name, const ParameterGroup& group);
  void adamw(torch::Tensor& value, const std::string& name, const ParameterGroup& group);
  torch::Tensor& kept(const std::string& name, const torch::Tensor& like);

  OptimizerKind kind_;
  Tensors parameters_;
  std::vector<ParameterGroup> groups_;
  Tensors state_;
  double momentum_ = 0.9;
  int64_t steps_ = 0;
};

}  // namespace octet
