// Computes a quantized model in its integers, at the speed of libtorch's convolutions. Float32
// holds their sums of integer products exactly up to 2^24. Everything between them is computed as
// in the integer reference. Float layers stay in float.
#pragma once

#include <map>
#include <optional>
#include <string>
#include <vector>

#include "graph/topology.h"
#include "graph/walk.h"
#include "model/model.h"
#include "train/torch.h"

namespace octet {

class IntegerNetwork {
 public:
  // BatchNorm has to be folded.
  explicit IntegerNetwork(Model model);

  // `image` is (N, 3, H, W), float in [0, 1]. Returns the graph's outputs in order as real values,
  // (N, C, h, w) each.
  [[nodiscard]] std::vector<torch::Tensor> operator()(const torch::Tensor& image) const;

  struct Value {
    torch::Tensor tensor;               // integers without their zero point, or real values
    std::optional<QuantParams> params;  // of integers

    [[nodiscard]] torch::Tensor real() const;
  };
  // Every value by its name.
  [[nodiscard]] std::map<std::string, Value> run(const torch::Tensor& image) const;

 private:
  using Inputs = std::span<const Value* const>;
  // Other values than `wanted` are dropped after their last use.
  [[nodiscard]] std::map<std::string, Value> run(const torch::Tensor& image,
                                                 std::span<const std::string> wanted) const;
  [[nodiscard]] Value apply(const Node& node, Inputs in) const;
  // Of operators without weights whose result has a scale of its own; nothing for others.
  [[nodiscard]] static std::optional<Value> with_own_scale(const Node& node, Inputs in,
                                                           const QuantParams& out);
  [[nodiscard]] Value integer_conv(const Node& node, const Conv2d& op, const Value& x) const;
  [[nodiscard]] Value activation(ActivationKind kind, const Value& x, const QuantParams* out) const;
  // Of the value, or of the activation that a convolution's output is quantized in.
  [[nodiscard]] const QuantParams* params_of(const Node& node) const;

  Model model_;
  Topology topology_;
  std::vector<Step> steps_;
  struct Weights {
    torch::Tensor weight;      // integers in float32
    std::vector<double> bias;  // integers
  };
  std::map<std::string, Weights> convs_;
};

}  // namespace octet
