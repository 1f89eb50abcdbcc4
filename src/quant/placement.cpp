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
        fail("[{} {}] has to be split into a convolution before quantization", traits.name,
             node.name);
      if (is_int8_conv(node)) placement.convs.insert(node.name);
      note_integers(node);
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
    for (size_t g = 0; g < placement.groups.size(); ++g) {
      if (const auto params = fixed_params(placement.groups[g])) placement.fixed[g] = *params;
    }
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

  // Whether the value depends on int8 convolutions alone.
  void note_integers(const Node& node) {
    const bool conv = std::holds_alternative<Conv2d>(node.op);
    const auto from_integers = [&](const std::string& in) {
      return in == graph_.input || in_integers_.contains(in);
    };
    if (conv ? is_int8_conv(node)
             : std::all_of(node.inputs.begin(), node.inputs.end(), from_integers))
      in_integers_.insert(node.name);
  }

  bool needs_quantizer(const std::string& value, const Node* made_by) const {
    if (made_by == nullptr) return true;
    if (topology_.fused_activation(*made_by) != nullptr) return false;
    if (is_int8_conv(*made_by)) return true;
    const bool in_integers = in_integers_.contains(value);
    if (in_integers && topology_.is_output(value)) return true;
    const auto consumers = topology_.consumers(value);
    return std::any_of(consumers.begin(), consumers.end(), [&](const Node* consumer) {
      return is_int8_conv(*consumer) || reads_integers(*consumer, in_integers);
    });
  }

  // Whether an operator between convolutions is to read integers.
  static bool reads_integers(const Node& node, bool in_integers) {
    if (std::holds_alternative<Add>(node.op) || std::holds_alternative<Mul>(node.op)) return true;
    return in_integers &&
           (std::holds_alternative<Activation>(node.op) || std::holds_alternative<Prelu>(node.op));
  }

  bool is_sigmoid(const std::string& value) const {
    const Node* node = topology_.producer(value);
    const auto* act = node == nullptr ? nullptr : std::get_if<Activation>(&node->op);
    return act != nullptr && act->kind == ActivationKind::kSigmoid;
  }

  // Of the image, and of sigmoids and what only holds their values.
  std::optional<QuantParams> fixed_params(const std::vector<std::string>& group) const {
    const auto is_image = [&](const std::string& value) { return value == graph_.input; };
    if (std::any_of(group.begin(), group.end(), is_image)) return kImageParams;
    const auto made_here = [&](const std::string& value) {
      return is_sigmoid(value) || traits_of(topology_.producer(value)->op).shares_scale;
    };
    const bool sigmoids =
        std::any_of(group.begin(), group.end(), [&](const auto& v) { return is_sigmoid(v); }) &&
        std::all_of(group.begin(), group.end(), made_here);
    if (sigmoids) return kSigmoidParams;
    return {};
  }

  const Model& model_;
  const Graph& graph_;
  const std::set<std::string>& keep_float_;
  Topology topology_;
  std::set<std::string> in_integers_;
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
