// Computes the effect of quantizing only a part of a network on its outputs. Only the values that
// depend on that part are computed again. A SiLU between two values of that part rounds as in
// engines.
#pragma once

#include <map>
#include <string>
#include <vector>

#include "graph/quantization.h"
#include "train/network/fake_quant.h"
#include "train/network/graph_executor.h"
#include "train/torch.h"

namespace octet {

struct PartialQuantization {
  std::map<std::string, QuantParams> values;
  std::map<std::string, torch::Tensor> weights;  // by convolution, in place of its own
};

class PartialRun {
 public:
  // `net` without BatchNorm; it has to outlive this.
  PartialRun(GraphExecutor& net, const torch::Tensor& image);

  [[nodiscard]] const std::vector<torch::Tensor>& outputs() const { return outputs_; }
  [[nodiscard]] std::vector<torch::Tensor> outputs(const PartialQuantization& part);

 private:
  // A value, and whether it is another than the float network's.
  struct Value {
    torch::Tensor tensor;
    bool changed = false;
  };
  [[nodiscard]] Value run_node(const Node& node, std::span<const Value* const> in,
                               const PartialQuantization& part);
  [[nodiscard]] LearnedParams grid(const QuantParams& p) const;

  GraphExecutor& net_;
  std::vector<Step> steps_;
  std::map<std::string, torch::Tensor> values_;
  std::vector<torch::Tensor> outputs_;
};

}  // namespace octet
