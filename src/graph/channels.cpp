#include "graph/channels.h"

#include <map>
#include <numeric>
#include <string>
#include <unordered_map>
#include <utility>

#include "core/size.h"
#include "graph/shapes.h"

namespace octet {
namespace {

// Sets of numbers 0 … count − 1, at first one each.
class DisjointSets {
 public:
  explicit DisjointSets(size_t count) : parent_(count) {
    std::iota(parent_.begin(), parent_.end(), size_t{0});
  }
  size_t find(size_t i) {
    while (parent_[i] != i) i = parent_[i] = parent_[parent_[i]];
    return i;
  }
  void unite(size_t a, size_t b) { parent_[find(b)] = find(a); }

 private:
  std::vector<size_t> parent_;
};

// Numbers every channel of every value, and unites those that go together.
class Grouping {
 public:
  explicit Grouping(const Graph& graph)
      : graph_(graph), shapes_(infer_shapes(graph, graph.smallest_size())), sets_(0) {
    size_t count = 0;
    const auto number = [&](const std::string& value) {
      first_[value] = count;
      count += static_cast<size_t>(channels(value));
    };
    number(graph.input);
    for (const Node& node : graph.nodes) number(node.name);
    sets_ = DisjointSets(count);
    fixed_.resize(count);
  }

  std::vector<ChannelGroup> run() {
    fix(graph_.input);
    for (const std::string& output : graph_.outputs) fix(output);
    for (const Node& node : graph_.nodes) tie(node);
    for (size_t i = 0; i < fixed_.size(); ++i) {
      if (fixed_[i]) fixed_[sets_.find(i)] = true;
    }
    for (size_t n = 0; n < graph_.nodes.size(); ++n) collect(n);
    number_widths();
    return std::move(groups_);
  }

 private:
  [[nodiscard]] int64_t channels(const std::string& value) const { return shapes_.at(value)[1]; }
  [[nodiscard]] size_t number_of(const std::string& value, int64_t channel) const {
    return first_.at(value) + static_cast<size_t>(channel);
  }

  void fix(const std::string& value) {
    for (int64_t c = 0; c < channels(value); ++c) fixed_[number_of(value, c)] = true;
  }

  void tie(const Node& node) {
    std::vector<int64_t> counts;
    for (const std::string& in : node.inputs) counts.push_back(channels(in));
    const auto ties = channel_ties(node.op, counts);
    if (!ties) {
      fix(node.name);
      for (const std::string& in : node.inputs) fix(in);
      return;
    }
    for (const ChannelTie& t : *ties)
      sets_.unite(number_of(node.inputs[t.input], t.from), number_of(node.name, t.to));
  }

  // The group of a channel; null where the channel has to stay.
  ChannelGroup* group_of(const std::string& value, int64_t channel) {
    const size_t root = sets_.find(number_of(value, channel));
    if (fixed_[root]) return nullptr;
    const auto [at, added] = at_.emplace(root, groups_.size());
    if (added) groups_.emplace_back();
    return &groups_[at->second];
  }

  void collect(size_t index) {
    const Node& node = graph_.nodes[index];
    for (int64_t c = 0; c < channels(node.name); ++c) {
      if (ChannelGroup* group = group_of(node.name, c)) group->values.push_back({index, c});
    }
    const auto* conv = std::get_if<Conv2d>(&node.op);
    if (conv == nullptr || conv->groups != 1) return;
    for (int64_t c = 0; c < conv->weight.shape[1]; ++c) {
      if (ChannelGroup* group = group_of(node.inputs[0], c)) group->readers.push_back({index, c});
    }
  }

  void number_widths() {
    std::map<std::vector<size_t>, size_t> numbers;
    for (ChannelGroup& group : groups_) {
      std::vector<size_t> nodes;
      for (const ChannelSlot& slot : group.values) nodes.push_back(slot.node);
      group.width = numbers.emplace(std::move(nodes), numbers.size()).first->second;
    }
  }

  const Graph& graph_;
  std::map<std::string, Shape> shapes_;
  std::unordered_map<std::string, size_t> first_;  // number of a value's channel 0
  DisjointSets sets_;
  std::vector<bool> fixed_;  // at the root of a set for all of it
  std::unordered_map<size_t, size_t> at_;
  std::vector<ChannelGroup> groups_;
};

}  // namespace

std::vector<ChannelGroup> channel_groups(const Graph& graph) { return Grouping(graph).run(); }

double reading_weight(const Graph& graph, const ChannelGroup& group) {
  double sum = 0;
  for (const ChannelSlot& slot : group.readers) {
    const Tensor& weight = std::get<Conv2d>(graph.nodes.at(slot.node).op).weight;
    const int64_t kernel = weight.shape[2] * weight.shape[3];
    for (int64_t o = 0; o < weight.shape[0]; ++o) {
      const int64_t begin = (o * weight.shape[1] + slot.channel) * kernel;
      for (int64_t i = begin; i < begin + kernel; ++i) {
        const double w = weight.values.at(static_cast<size_t>(i));
        sum += w * w;
      }
    }
  }
  return sum;
}

std::vector<ChannelGroup> unused_channels(const Graph& graph) {
  const std::vector<ChannelGroup> groups = channel_groups(graph);
  std::map<size_t, int64_t> left;  // groups of a width
  for (const ChannelGroup& group : groups) ++left[group.width];
  std::vector<ChannelGroup> unused;
  for (const ChannelGroup& group : groups) {
    if (left[group.width] == 1 || reading_weight(graph, group) > 0) continue;
    --left[group.width];
    unused.push_back(group);
  }
  return unused;
}

}  // namespace octet
