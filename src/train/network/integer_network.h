// A quantized model as it will run, at the speed of libtorch's convolutions: they compute sums of
// products of integers, which float32 holds exactly up to 2^24, and all between them is done as the
// integer reference does it. What is kept in float stays so.
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

  // `image` (N, 3, H, W) float in [0, 1] to the graph's outputs in its order, (N, C, h, w) each,
  // real values.
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
