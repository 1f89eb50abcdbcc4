#include "train/network/batch_norm.h"

#include <algorithm>
#include <cmath>
#include <map>

#include "core/error.h"
#include "core/log.h"
#include "core/process.h"
#include "model/passes/passes.h"
#include "train/loop/evaluate.h"
#include "train/network/graph_executor.h"

namespace octet {
namespace {

constexpr int64_t kPictures = 64;

// Some files have a variance of 1 − ε in half precision, so that the layer divides by 1: 0.99902.
bool is_neutral(const BatchNorm& norm) {
  constexpr float kNear = 2e-3F;
  const auto all = [](const Tensor& t, float value) {
    return std::all_of(t.values.begin(), t.values.end(),
                       [&](float v) { return std::abs(v - value) < kNear; });
  };
  return all(norm.mean, 0) && all(norm.variance, 1);
}

struct Moments {
  torch::Tensor sum, square;
  double count = 0;
};

void set_statistics(BatchNorm& norm, const Moments& m) {
  for (size_t c = 0; c < norm.mean.values.size(); ++c) {
    const auto at = static_cast<int64_t>(c);
    const double mean = m.sum[at].item<double>() / m.count;
    const double variance = std::max(0.0, m.square[at].item<double>() / m.count - mean * mean);
    const double factor = norm.gamma.values[c] /
                          std::sqrt(static_cast<double>(norm.variance.values[c]) + norm.epsilon);
    const double offset = norm.beta.values[c] - norm.mean.values[c] * factor;
    norm.gamma.values[c] = static_cast<float>(factor * std::sqrt(variance + norm.epsilon));
    norm.beta.values[c] = static_cast<float>(offset + factor * mean);
    norm.mean.values[c] = static_cast<float>(mean);
    norm.variance.values[c] = static_cast<float>(variance);
  }
}

// Of what every BatchNorm sees.
std::map<std::string, Moments> measure(const Graph& graph, BatchLoader& loader) {
  const torch::NoGradGuard no_grad;
  GraphExecutor net(graph);
  std::map<std::string, Moments> moments;
  loader.begin_epoch(0, true);
  for (int64_t seen = 0; seen < kPictures;) {
    const auto batch = loader.next();
    if (!batch) break;
    if (stop_requested()) fail("interrupted while measuring BatchNorm");
    seen += batch->image.size(0);
    const auto values = net.values(to_unit(batch->image));
    for (const Node& node : graph.nodes) {
      if (!std::holds_alternative<BatchNorm>(node.op)) continue;
      const torch::Tensor x = values.at(node.inputs[0]).to(torch::kDouble);
      Moments& m = moments[node.name];
      const torch::Tensor sum = x.sum({0, 2, 3});
      const torch::Tensor square = x.square().sum({0, 2, 3});
      m.sum = m.sum.defined() ? m.sum + sum : sum;
      m.square = m.square.defined() ? m.square + square : square;
      m.count += static_cast<double>(x.numel()) / static_cast<double>(x.size(1));
    }
  }
  return moments;
}

}  // namespace

Model with_batch_norm(const Model& model, const Dataset& data, const LoaderOptions& options) {
  const auto is_norm = [](const Node& n) { return std::holds_alternative<BatchNorm>(n.op); };
  const bool folded = std::none_of(model.graph.nodes.begin(), model.graph.nodes.end(), is_norm);
  const bool real =
      !folded && std::any_of(model.graph.nodes.begin(), model.graph.nodes.end(), [](const Node& n) {
        const auto* norm = std::get_if<BatchNorm>(&n.op);
        return norm != nullptr && !is_neutral(*norm);
      });
  if (real) return model;
  Model out = folded ? insert_batch_norm(model) : model;
  BatchLoader loader(data, options);
  const auto moments = measure(out.graph, loader);
  for (Node& node : out.graph.nodes) {
    if (auto* norm = std::get_if<BatchNorm>(&node.op)) set_statistics(*norm, moments.at(node.name));
  }
  log_info(
      "BatchNorm is {}: its statistics were measured on {} training images and put back; the "
      "model computes the same",
      folded ? "folded into the convolutions" : "neutral", std::min(kPictures, loader.pictures()));
  return out;
}

}  // namespace octet
