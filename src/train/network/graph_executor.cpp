#include "train/network/graph_executor.h"

#include <algorithm>

#include "core/error.h"
#include "train/kernels/norm_silu.h"
#include "train/network/device.h"

namespace octet {
namespace {

constexpr double kNormMomentum = 0.03;  // YOLOv8's

// The convolution or BatchNorm that makes a tensor of its own for this SiLU; null where there is
// none.
const Node* overwritten_by(const Topology& topology, const Node& node) {
  const auto* act = std::get_if<Activation>(&node.op);
  if (act == nullptr || act->kind != ActivationKind::kSilu) return nullptr;
  const Node* before = topology.producer(node.inputs[0]);
  const bool own = before != nullptr && (std::holds_alternative<Conv2d>(before->op) ||
                                         std::holds_alternative<BatchNorm>(before->op));
  return own ? before : nullptr;
}

bool is_buffer(std::string_view name) { return name == "mean" || name == "variance"; }

}  // namespace

GraphExecutor::GraphExecutor(const Graph& graph) : graph_(graph), steps_(steps_of(graph_)) {
  const Topology topology(graph_);
  for (const Node& node : graph_.nodes) {
    if (const Node* before = overwritten_by(topology, node)) {
      overwrite_.insert(node.name);
      if (std::holds_alternative<BatchNorm>(before->op)) joined_.insert(before->name);
    }
    for (const auto& [name, tensor] : octet::parameters(node.op)) {
      const std::string key = fmt::format("{}.{}", node.name, name);
      torch::Tensor value = to_torch(*tensor);
      if (value.dim() == 4) value = value.contiguous(at::MemoryFormat::ChannelsLast);
      if (is_buffer(name)) {
        buffers_.emplace(key, value);
      } else {
        parameters_.emplace(key, value.requires_grad_(true));
      }
    }
  }
}

void GraphExecutor::move_to(torch::Device device) {
  for (auto& [name, value] : parameters_) value = moved(value, device);
  for (auto& [name, value] : buffers_) value = value.to(device);
}

torch::Tensor GraphExecutor::parameter(const Node& node, const char* name) const {
  const auto found = parameters_.find(node.name + "." + name);
  return found == parameters_.end() ? torch::Tensor() : found->second;
}

std::vector<torch::Tensor> GraphExecutor::forward(const torch::Tensor& image, NormMode mode,
                                                  const std::vector<std::string>& also) {
  std::vector<std::string> wanted = graph_.outputs;
  wanted.insert(wanted.end(), also.begin(), also.end());
  return picked(run(image, mode, wanted), wanted);
}

std::map<std::string, torch::Tensor> GraphExecutor::values(const torch::Tensor& image) {
  return run(image, NormMode::kRunningStatistics, all_values(graph_));
}

std::map<std::string, torch::Tensor> GraphExecutor::run(const torch::Tensor& image, NormMode mode,
                                                        std::span<const std::string> wanted) {
  std::map<std::string, torch::Tensor> values{
      {graph_.input, image.contiguous(at::MemoryFormat::ChannelsLast)}};
  walk(std::span<const Step>(steps_), wanted, values,
       [&](const Node& node, std::span<const torch::Tensor* const> in, const ReadsLeft& reads) {
         std::vector<torch::Tensor> inputs;
         for (const torch::Tensor* x : in) inputs.push_back(*x);
         return run_step(node, inputs, mode, reads);
       });
  return values;
}

// A BatchNorm and the SiLU that alone sees it are computed together, in the BatchNorm's place.
torch::Tensor GraphExecutor::run_step(const Node& node, TorchInputs in, NormMode mode,
                                      const ReadsLeft& reads) {
  const auto joined = [&](const std::string& norm) {
    return joined_.contains(norm) && takes_batch_statistics(norm, mode) && reads.one(norm) &&
           in[0].is_cpu();
  };
  if (joined(node.name)) return apply_with_silu(node, in[0]);
  const bool only = overwrite_.contains(node.name) && reads.one(node.inputs[0]);
  if (only && joined(node.inputs[0])) return in[0];
  if (only && !at::GradMode::is_enabled()) {
    torch::Tensor x = in[0];
    return torch::silu_(x);
  }
  return apply(node, in, mode);
}

torch::Tensor GraphExecutor::apply(const Node& node, TorchInputs in, NormMode mode) {
  if (std::holds_alternative<Conv2d>(node.op))
    return run_with_weight(node, in, parameter(node, "weight"));
  if (const auto* norm = std::get_if<BatchNorm>(&node.op)) {
    return torch::batch_norm(in[0], parameter(node, "gamma"), parameter(node, "beta"),
                             buffers_.at(node.name + ".mean"), buffers_.at(node.name + ".variance"),
                             takes_batch_statistics(node.name, mode), kNormMomentum, norm->epsilon,
                             false);
  }
  return apply_plain(node, in);
}

torch::Tensor GraphExecutor::apply_with_silu(const Node& norm, const torch::Tensor& x) const {
  return norm_silu(x, {.gamma = parameter(norm, "gamma"),
                       .beta = parameter(norm, "beta"),
                       .mean = buffers_.at(norm.name + ".mean"),
                       .variance = buffers_.at(norm.name + ".variance"),
                       .momentum = kNormMomentum,
                       .epsilon = std::get<BatchNorm>(norm.op).epsilon});
}

torch::Tensor GraphExecutor::run_with_weight(const Node& node, TorchInputs in,
                                             const torch::Tensor& weight) const {
  return compute(std::get<Conv2d>(node.op), in[0], weight, parameter(node, "bias"));
}

Graph GraphExecutor::graph() const {
  Graph out = graph_;
  for (Node& node : out.nodes) {
    for (const auto& [name, tensor] : octet::parameters(node.op)) {
      const std::string key = fmt::format("{}.{}", node.name, name);
      const torch::Tensor value =
          (is_buffer(name) ? buffers_ : parameters_).at(key).detach().cpu().contiguous();
      std::copy_n(value.data_ptr<float>(), tensor->values.size(), tensor->values.begin());
    }
  }
  return out;
}

}  // namespace octet
