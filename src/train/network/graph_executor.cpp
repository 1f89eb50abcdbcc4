#include "train/network/graph_executor.h"

#include <algorithm>

#include "core/error.h"
#include "train/kernels/norm_silu.h"
#include "train/network/device.h"

namespace octet {
namespace {

constexpr double kNormMomentum = 0.03;  // YOLOv8's

// A SiLU behind a node that makes a tensor of its own.
bool may_overwrite(const Graph& graph, const Node& node) {
  const auto* act = std::get_if<Activation>(&node.op);
  if (act == nullptr || act->kind != ActivationKind::kSilu) return false;
  const Node* before = graph.find(node.inputs[0]);
  return before != nullptr && (std::holds_alternative<Conv2d>(before->op) ||
                               std::holds_alternative<BatchNorm>(before->op));
}

// The BatchNorm in front of a SiLU.
const Node* norm_before_silu(const Graph& graph, const Node& node) {
  if (!may_overwrite(graph, node)) return nullptr;
  const Node* before = graph.find(node.inputs[0]);
  return std::holds_alternative<BatchNorm>(before->op) ? before : nullptr;
}

bool is_buffer(std::string_view name) { return name == "mean" || name == "variance"; }

torch::Tensor activate(const torch::Tensor& x, ActivationKind kind) {
  switch (kind) {
    case ActivationKind::kSilu:
      return torch::silu(x);
    case ActivationKind::kRelu:
      return torch::relu(x);
    case ActivationKind::kRelu6:
      return torch::clamp(x, 0, 6);
    case ActivationKind::kHardswish:
      return torch::hardswish(x);
    case ActivationKind::kSigmoid:
      return torch::sigmoid(x);
  }
  fail("an activation that the trainer does not know");
}

}  // namespace

torch::Tensor to_torch(const Tensor& tensor) {
  return torch::from_blob(const_cast<float*>(tensor.values.data()), tensor.shape).clone();
}

std::map<std::string, size_t> count_uses(const Graph& graph) {
  std::map<std::string, size_t> uses;
  for (const Node& node : graph.nodes) {
    for (const std::string& in : node.inputs) ++uses[in];
  }
  return uses;
}

GraphExecutor::GraphExecutor(const Graph& graph) : graph_(graph), uses_(count_uses(graph)) {
  for (const Node& node : graph_.nodes) {
    if (may_overwrite(graph_, node)) overwrite_.insert(node.name);
    if (const Node* norm = norm_before_silu(graph_, node)) joined_.insert(norm->name);
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
  std::vector<std::string> wanted;
  for (const Output& o : graph_.outputs) wanted.push_back(o.value);
  wanted.insert(wanted.end(), also.begin(), also.end());
  const auto values = run(image, mode, wanted);
  std::vector<torch::Tensor> list;
  for (const std::string& name : wanted) list.push_back(values.at(name));
  return list;
}

std::map<std::string, torch::Tensor> GraphExecutor::values(const torch::Tensor& image) {
  std::vector<std::string> all{graph_.input};
  for (const Node& node : graph_.nodes) all.push_back(node.name);
  return run(image, NormMode::kRunningStatistics, all);
}

std::map<std::string, torch::Tensor> GraphExecutor::run(const torch::Tensor& image, NormMode mode,
                                                        const std::vector<std::string>& wanted) {
  std::map<std::string, torch::Tensor> values{
      {graph_.input, image.contiguous(at::MemoryFormat::ChannelsLast)}};
  std::map<std::string, size_t> uses_left = uses_;
  for (const std::string& name : wanted) ++uses_left[name];
  for (const Node& node : graph_.nodes) {
    std::vector<torch::Tensor> inputs;
    for (const std::string& name : node.inputs) inputs.push_back(values.at(name));
    // A BatchNorm and the SiLU that alone sees it are computed together, in the BatchNorm's place.
    const auto joined = [&](const std::string& norm) {
      return joined_.contains(norm) && takes_batch_statistics(norm, mode) &&
             uses_left.at(norm) == 1 && inputs[0].is_cpu();
    };
    const bool only = overwrite_.contains(node.name) && uses_left.at(node.inputs[0]) == 1;
    if (joined(node.name)) {
      values[node.name] = apply_with_silu(node, inputs[0]);
    } else if (only && joined(node.inputs[0])) {
      values[node.name] = inputs[0];
    } else if (only && !at::GradMode::is_enabled()) {
      values[node.name] = torch::silu_(inputs[0]);
    } else {
      values[node.name] = apply(node, inputs, mode);
    }
    for (const std::string& name : node.inputs) {
      if (--uses_left.at(name) == 0) values.erase(name);
    }
  }
  return values;
}

torch::Tensor GraphExecutor::apply(const Node& node, const std::vector<torch::Tensor>& in,
                                   NormMode mode) {
  if (std::holds_alternative<Conv2d>(node.op)) {
    return run_with_weight(node, in, parameter(node, "weight"));
  }
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

torch::Tensor GraphExecutor::run_with_weight(const Node& node, const std::vector<torch::Tensor>& in,
                                             const torch::Tensor& weight) const {
  const auto& op = std::get<Conv2d>(node.op);
  return torch::conv2d(in[0], weight, parameter(node, "bias"), op.stride, op.padding, 1, op.groups);
}

torch::Tensor apply_plain(const Node& node, const std::vector<torch::Tensor>& in) {
  return std::visit(
      Overloaded{
          [&](const Conv2d&) -> torch::Tensor { fail("[{}] has parameters", node.name); },
          [&](const BatchNorm&) -> torch::Tensor { fail("[{}] has parameters", node.name); },
          [&](const Activation& op) { return activate(in[0], op.kind); },
          [&](const Add&) { return in[0] + in[1]; },
          [&](const Concat&) { return torch::cat(in, 1); },
          [&](const Slice& op) { return in[0].slice(1, op.begin, op.end); },
          [&](const MaxPool& op) {
            return torch::max_pool2d(in[0], op.kernel, op.stride, op.padding);
          },
          [&](const ResizeNearest& op) {
            return torch::upsample_nearest2d(
                in[0], {in[0].size(2) * op.factor, in[0].size(3) * op.factor});
          },
      },
      node.op);
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
