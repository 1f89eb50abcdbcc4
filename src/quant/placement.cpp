#include "quant/placement.h"

#include <algorithm>
#include <numeric>
#include <string_view>
#include <unordered_set>

#include "core/error.h"

namespace octet {
namespace {

// Values that share parameters, joined step by step (union–find).
class Sets {
 public:
  size_t add(const std::string& value) {
    const auto [at, made] = index_.emplace(value, parent_.size());
    if (made) parent_.push_back(parent_.size());
    return at->second;
  }
  size_t root(const std::string& value) { return root(add(value)); }
  void join(const std::string& a, const std::string& b) { parent_[root(a)] = root(b); }

 private:
  size_t root(size_t i) {
    while (parent_[i] != i) i = parent_[i] = parent_[parent_[i]];
    return i;
  }
  std::map<std::string, size_t> index_;
  std::vector<size_t> parent_;
};

class Placer {
 public:
  Placer(const Model& model, const std::set<std::string>& keep_float)
      : model_(model), graph_(model.graph), keep_float_(keep_float), topology_(model.graph) {}

  Placement place() {
    Placement placement;
    for (const Node& node : graph_.nodes) {
      const OperatorTraits& traits = traits_of(node.op);
      if (traits.training_only)
        fail("[{} {}] has to be folded before quantization", traits.name, node.name);
      if (traits.float_only)
        fail("[{} {}] is computed in float only; octet cannot quantize this network", traits.name,
             node.name);
      if (is_int8_conv(node)) placement.convs.insert(node.name);
      if (!traits.shares_scale) continue;
      for (const std::string& in : node.inputs) sets_.join(in, node.name);
    }
    join_fine_keypoints();
    std::set<size_t> needed;
    for_each_value([&](const std::string& value, const Node* made_by) {
      if (needs_quantizer(value, made_by)) needed.insert(sets_.root(value));
    });
    std::map<size_t, size_t> group_of_root;
    for_each_value([&](const std::string& value, const Node*) {
      const size_t root = sets_.root(value);
      if (!needed.contains(root)) return;
      const auto [at, made] = group_of_root.emplace(root, placement.groups.size());
      if (made) placement.groups.emplace_back();
      placement.groups[at->second].push_back(value);
      placement.group_of[value] = at->second;
    });
    return placement;
  }

 private:
  template <typename F>
  void for_each_value(F&& visit) {
    visit(graph_.input, nullptr);
    for (const Node& node : graph_.nodes) visit(node.name, &node);
  }

  void join_fine_keypoints() {
    const std::vector<Output> outputs = model_.outputs();
    for (const Output& fine : outputs) {
      if (fine.role != OutputRole::kFineKeypoint) continue;
      for (const Output& o : outputs) {
        if (o.role == OutputRole::kKeypoint && o.stride == fine.stride)
          sets_.join(o.value, fine.value);
      }
    }
  }

  bool is_int8_conv(const Node& node) const {
    return std::holds_alternative<Conv2d>(node.op) && !keep_float_.contains(node.name);
  }

  bool needs_quantizer(const std::string& value, const Node* made_by) const {
    if (made_by == nullptr) return true;
    if (topology_.fused_activation(*made_by) != nullptr) return false;
    const auto consumers = topology_.consumers(value);
    if (is_int8_conv(*made_by)) return true;
    return std::any_of(consumers.begin(), consumers.end(), [&](const Node* consumer) {
      return is_int8_conv(*consumer) || std::holds_alternative<Add>(consumer->op);
    });
  }

  const Model& model_;
  const Graph& graph_;
  const std::set<std::string>& keep_float_;
  Topology topology_;
  Sets sets_;
};

}  // namespace

Placement place_quantizers(const Model& model, const std::set<std::string>& keep_float) {
  return Placer(model, keep_float).place();
}

std::optional<size_t> output_group(const Topology& topology, const Placement& placement,
                                   const Node& conv) {
  const auto consumers = topology.consumers(conv.name);
  const std::string& value =
      placement.quantized(conv.name) || consumers.empty() ? conv.name : consumers.front()->name;
  const auto group = placement.group_of.find(value);
  if (group == placement.group_of.end()) return {};
  return group->second;
}

void verify_quantization(const Model& model) {
  const Quantization& q = model.quantization;
  if (q.empty()) return;
  const QuantParams* image = q.find(model.graph.input);
  if (image == nullptr || *image != kImageParams)
    fail("the input's scale and zero point are not 1/255 and -128");
  std::unordered_set<std::string_view> values{model.graph.input};
  for (const Node& node : model.graph.nodes) values.insert(node.name);
  for (const auto& [name, params] : q.values) {
    if (!values.contains(name)) fail("'{}' has a scale, but is not a value of the graph", name);
  }
  for (const Node& node : model.graph.nodes) {
    if (!traits_of(node.op).shares_scale) continue;
    const QuantParams* own = q.find(node.name);
    for (const std::string& in : node.inputs) {
      const QuantParams* other = q.find(in);
      if ((own == nullptr) != (other == nullptr) || (own != nullptr && *own != *other))
        fail("[{} {}] does not share the parameters of its input '{}'", operator_name(node.op),
             node.name, in);
    }
  }
}

}  // namespace octet
