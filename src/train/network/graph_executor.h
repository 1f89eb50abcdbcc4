// A Graph as a differentiable function: the trainer's view of the one description of the network.
// Convolution weights, biases and BatchNorm's gamma and beta are leaves with gradients; running
// statistics are buffers.
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

  // `image` (N, 3, H, W) float in [0, 1]. The graph's outputs in its order, (N, C, h, w) each. With
  // batch statistics the running ones are updated as PyTorch does, with a momentum of 0.03.
  // `also`: values of the graph that are given behind the outputs.
  [[nodiscard]] std::vector<torch::Tensor> forward(const torch::Tensor& image, NormMode mode,
                                                   const std::vector<std::string>& also = {});

  // Images have to lie where the parameters do: at first in the processor's memory.
  void move_to(torch::Device device);
  [[nodiscard]] torch::Device device() const { return parameters_.begin()->second.device(); }

  // These BatchNorms keep their statistics, and use them, also in forward() with batch statistics.
  void keep_statistics(std::set<std::string> norms) { kept_ = std::move(norms); }

  // Every value of the graph by its name, the image's among them, with running statistics.
  [[nodiscard]] std::map<std::string, torch::Tensor> values(const torch::Tensor& image);

  // One node on given inputs, with running statistics.
  [[nodiscard]] torch::Tensor run_node(const Node& node, TorchInputs inputs) {
    return apply(node, inputs, NormMode::kRunningStatistics);
  }
  // A convolution with other weights.
  [[nodiscard]] torch::Tensor run_with_weight(const Node& node, TorchInputs inputs,
                                              const torch::Tensor& weight) const;
  [[nodiscard]] const Graph& structure() const { return graph_; }  // values as at the beginning

  // By "node.parameter", as the model file names them.
  [[nodiscard]] const std::map<std::string, torch::Tensor>& parameters() const {
    return parameters_;
  }
  [[nodiscard]] const std::map<std::string, torch::Tensor>& buffers() const { return buffers_; }

  // The graph with the present values.
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
