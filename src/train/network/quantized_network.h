// A quantized network under training: the Graph without BatchNorm, computed with the rounding of
// integers, with gradients for weights, biases and scales.
//
// The parameters are changes, in units in which one step of an optimizer means the same everywhere:
// of a weight in steps of its channel's scale, of a bias in shares of a step of its output, of a
// scale as a logarithm. Plain weights differ by powers of ten between channels, so that no single
// learning rate fits all of them. Zero points stay as calibrated. Biases are rounded as in the
// file.
#pragma once

#include <functional>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "graph/topology.h"
#include "graph/walk.h"
#include "model/model.h"
#include "quant/scales.h"
#include "train/network/fake_quant.h"
#include "train/network/network.h"
#include "train/network/operators.h"
#include "train/torch.h"

namespace octet {

class QuantizedNetwork : public TrainableNetwork {
 public:
  using Visitor = std::function<void(const std::string& value, const torch::Tensor& real)>;

  QuantizedNetwork(const Model& model, const Placement& placement, const Scales& scales);

  std::vector<torch::Tensor> forward(const torch::Tensor& image) override { return run(image, {}); }
  Forward inference() override;
  // Returns these values too, behind the graph's outputs.
  void give_also(std::vector<std::string> values) { also_ = std::move(values); }
  // Calls `visit` with every quantized value.
  [[nodiscard]] std::vector<torch::Tensor> run(const torch::Tensor& image, const Visitor& visit);

  // Rounds the weights so that the outputs of each convolution stay near to those of the float network
  // (train/network/compensated_rounding.h), and removes the mean error that is left from the biases
  // (Nagel et al., "Data-free quantization", 2019). `values` are those of the float network, by name.
  void compensate_rounding(const std::map<std::string, torch::Tensor>& values);

  // Changes: "NODE.weight", "NODE.bias", "NODE.log_scales", "group.N.log_scale".
  const Tensors& parameters() const override { return parameters_; }
  const Tensors& buffers() const override { return buffers_; }
  void move_to(torch::Device device) override;

  [[nodiscard]] const WeightGrid& weight_grid() const { return scales_.weight_grid; }

  // Fixes the scales at their stored values, without gradients.
  void freeze_scales();

  // Returns the integers of the current values.
  Model model() const override;

 private:
  [[nodiscard]] torch::Tensor run_node(const Node& node, TorchInputs in);
  [[nodiscard]] torch::Tensor conv(const Node& node, const Conv2d& op, const torch::Tensor& x);
  [[nodiscard]] torch::Tensor activation(const Node& node, ActivationKind kind,
                                         const torch::Tensor& x);
  [[nodiscard]] LearnedParams params(const std::string& value) const;
  [[nodiscard]] torch::Tensor scale(size_t group) const;
  [[nodiscard]] std::vector<QuantParams> stored_groups() const;  // as files hold them
  [[nodiscard]] torch::Tensor weight(const std::string& conv) const;
  [[nodiscard]] torch::Tensor bias(const std::string& conv) const;
  [[nodiscard]] double bias_unit(const Node& conv) const;
  [[nodiscard]] torch::Tensor weight_scales(const Node& conv) const;
  // As files hold them, for groups as files hold them.
  [[nodiscard]] std::vector<float> stored_weight_scales(
      const Node& conv, const std::vector<QuantParams>& groups) const;
  void settle_weights(const Node& conv, const std::vector<QuantParams>& groups,
                      std::vector<float>& scales) const;
  // One-dimensional, on the network's device.
  [[nodiscard]] torch::Tensor constant(const std::vector<float>& values) const;
  [[nodiscard]] torch::Tensor leaf(const std::string& name) const { return parameters_.at(name); }

  Model model_;
  Placement placement_;
  Scales scales_;
  torch::Device device_ = torch::kCPU;
  std::vector<QuantParams> frozen_;  // of groups; empty while they are learned
  std::map<std::string, std::vector<float>> frozen_weights_;
  std::vector<std::string> also_;
  Topology topology_;
  std::vector<Step> steps_;
  struct Start {  // of a convolution, and the units of its changes
    torch::Tensor weight, weight_unit;
    torch::Tensor bias;
    double bias_unit = 1;
  };
  std::map<std::string, Start> starts_;
  Tensors parameters_;
  Tensors buffers_;  // none: BatchNorm is folded
};

}  // namespace octet
