// A Graph with BatchNorm under training.
#pragma once

#include <memory>

#include "graph/passes/passes.h"
#include "train/network/graph_executor.h"
#include "train/network/network.h"

namespace octet {

class FloatNetwork : public TrainableNetwork {
 public:
  // The first `frozen` layers keep the statistics of their BatchNorms.
  explicit FloatNetwork(const Model& model, int frozen = 0)
      : info_(model.info), head_outputs_(model.head_outputs), net_(model.graph) {
    std::set<std::string> kept;
    for (const Node& node : model.graph.nodes) {
      if (std::holds_alternative<BatchNorm>(node.op) && in_first_layers(node.name, frozen))
        kept.insert(node.name);
    }
    net_.keep_statistics(std::move(kept));
  }

  std::vector<torch::Tensor> forward(const torch::Tensor& image) override {
    return net_.forward(image, NormMode::kBatchStatistics, also_);
  }
  // All BatchNorms keep and use their running statistics, in training too.
  void keep_all_statistics() {
    std::set<std::string> norms;
    for (const Node& node : net_.structure().nodes) {
      if (std::holds_alternative<BatchNorm>(node.op)) norms.insert(node.name);
    }
    net_.keep_statistics(std::move(norms));
  }
  // Returns these values too, behind the graph's outputs, in training.
  void give_also(std::vector<std::string> values) { also_ = std::move(values); }
  // As it will be exported.
  Forward inference() override {
    auto net = std::make_shared<GraphExecutor>(fold_batch_norm(net_.graph()));
    net->move_to(net_.device());
    return [net](const torch::Tensor& image) {
      return net->forward(image.to(net->device()), NormMode::kRunningStatistics);
    };
  }
  void move_to(torch::Device device) override { net_.move_to(device); }
  const Tensors& parameters() const override { return net_.parameters(); }
  const Tensors& buffers() const override { return net_.buffers(); }
  Model model() const override {
    return {.info = info_, .graph = net_.graph(), .head_outputs = head_outputs_};
  }

 private:
  ModelInfo info_;
  std::vector<HeadOutput> head_outputs_;
  GraphExecutor net_;
  std::vector<std::string> also_;
};

}  // namespace octet
