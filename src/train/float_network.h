// A Graph with BatchNorm under training.
#pragma once

#include "train/graph_executor.h"
#include "train/network.h"

namespace octet {

class FloatNetwork : public TrainableNetwork {
 public:
  explicit FloatNetwork(const Model& model) : info_(model.info), net_(model.graph) {}

  std::vector<torch::Tensor> forward(const torch::Tensor& image) override {
    return net_.forward(image, NormMode::kBatchStatistics);
  }
  Forward inference() override {
    return [this](const torch::Tensor& image) {
      return net_.forward(image, NormMode::kRunningStatistics);
    };
  }
  const Tensors& parameters() const override { return net_.parameters(); }
  const Tensors& buffers() const override { return net_.buffers(); }
  Model model() const override { return {.info = info_, .graph = net_.graph()}; }

 private:
  ModelInfo info_;
  GraphExecutor net_;
};

}  // namespace octet
