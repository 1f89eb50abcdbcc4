// A Graph as a differentiable function. Convolution weights, biases, and gamma and beta of
// BatchNorm are leaves with gradients. Running statistics are buffers.
#pragma once

#include <map>
#include <set>
#include <string>
#include <vector>

#include "graph/topology.h"
#include "graph/walk.h"
#include "train/network/operators.h"
#include "train/torch.h"

namespace octet {

enum class NormMode { kRunningStatistics, kBatchStatistics };

class GraphExecutor {
 public:
  explicit GraphExecutor(const Graph& graph);
  GraphExecutor(const GraphExecutor&) = delete;
  GraphExecutor& operator=(const GraphExecutor&) = delete;

  // `image` is (N, 3, H, W), float in [0, 1]. Returns the graph's outputs in order, (N, C, h, w)
  // each, followed by the values `also`. With batch statistics the running ones are updated as in
  // PyTorch, with a momentum of 0.03.
  [[nodiscard]] std::vector<torch::Tensor> forward(const torch::Tensor& image, NormMode mode,
                                                   const std::vector<std::string>& also = {});

  // Moves the network. Images have to be on the device of the parameters, at first the processor.
  void move_to(torch::Device device);
  [[nodiscard]] torch::Device device() const { return parameters_.begin()->second.device(); }

  // These BatchNorms keep and use their running statistics, even in forward() with batch
  // statistics.
  void keep_statistics(std::set<std::string> norms) { kept_ = std::move(norms); }

  // Returns every value of the graph by its name, including the image, with running statistics.
  [[nodiscard]] std::map<std::string, torch::Tensor> values(const torch::Tensor& image);

  // Computes one node on given inputs, with running statistics.
  [[nodiscard]] torch::Tensor run_node(const Node& node, TorchInputs inputs) {
    return apply(node, inputs, NormMode::kRunningStatistics);
  }
  // Computes a convolution with other weights.
  [[nodiscard]] torch::Tensor run_with_weight(const Node& node, TorchInputs inputs,
                                              const torch::Tensor& weight) const;
  [[nodiscard]] const Graph& structure() const { return graph_; }  // values as at the beginning

  // By "node.parameter", as the model file names them.
  [[nodiscard]] const std::map<std::string, torch::Tensor>& parameters() const {
    return parameters_;
  }
  [[nodiscard]] const std::map<std::string, torch::Tensor>& buffers() const { return buffers_; }

  // Returns the graph with the current values.
  [[nodiscard]] Graph graph() const;

 private:
  // The `wanted` values; others are dropped after their last use.
  [[nodiscard]] std::map<std::string, torch::Tensor> run(const torch::Tensor& image, NormMode mode,
                                                         std::span<const std::string> wanted);
  [[nodiscard]] torch::Tensor run_step(const Node& node, TorchInputs inputs, NormMode mode,
                                       const ReadsLeft& reads);
  [[nodiscard]] torch::Tensor apply(const Node& node, TorchInputs inputs, NormMode mode);
  [[nodiscard]] bool takes_batch_statistics(const std::string& norm, NormMode mode) const {
    return mode == NormMode::kBatchStatistics && !kept_.contains(norm);
  }
  [[nodiscard]] torch::Tensor apply_with_silu(const Node& norm, const torch::Tensor& x) const;
  [[nodiscard]] torch::Tensor parameter(const Node& node, const char* name) const;

  Graph graph_;
  std::vector<Step> steps_;
  std::set<std::string> kept_;       // BatchNorms
  std::set<std::string> overwrite_;  // SiLUs whose input nothing else sees
  std::set<std::string> joined_;     // BatchNorms that only a SiLU follows
  std::map<std::string, torch::Tensor> parameters_;
  std::map<std::string, torch::Tensor> buffers_;
};

}  // namespace octet
