#include "measure/cost/width_cost.h"

#include <algorithm>
#include <map>
#include <set>

namespace octet {
namespace {

// By value and width: the channels that the value loses with one group.
using Slots = std::map<std::string, std::map<size_t, int>>;

Slots slots_of(const Graph& graph, std::span<const ChannelGroup> groups) {
  Slots slots;
  std::set<size_t> seen;
  for (const ChannelGroup& group : groups) {
    if (!seen.insert(group.width).second) continue;  // all groups of a width are alike
    for (const ChannelSlot& slot : group.values)
      ++slots[graph.nodes.at(slot.node).name][group.width];
  }
  return slots;
}

}  // namespace

WidthCost::WidthCost(const Graph& graph, std::span<const ChannelGroup> groups, Size size,
                     const CostModel& model)
    : model_(model) {
  const Slots slots = slots_of(graph, groups);
  for (PlacedLayer& placed : placed_layers(graph, size)) {
    std::map<size_t, Share> shares;
    const auto count = [&](const std::vector<std::string>& values, int Share::*side) {
      for (const std::string& value : values) {
        const auto found = slots.find(value);
        if (found == slots.end()) continue;
        for (const auto& [width, channels] : found->second) shares[width].*side += channels;
      }
    };
    count(placed.inputs, &Share::inputs);
    count(placed.outputs, &Share::outputs);
    Entry entry{.layer = std::move(placed.layer), .shares = {}};
    for (auto& [width, share] : shares) {
      share.width = width;
      entry.shares.push_back(share);
      of_width_[width].push_back(entries_.size());
    }
    entry.cost = model.cost(entry.layer);
    total_ += entry.cost;
    entries_.push_back(std::move(entry));
  }
}

Layer WidthCost::narrowed(const Entry& entry, size_t width, int count) const {
  Layer layer = entry.layer;
  for (const Share& share : entry.shares) {
    if (share.width != width) continue;
    layer.inputs -= count * share.inputs;
    layer.outputs -= count * share.outputs;
  }
  return layer;
}

double WidthCost::total_without(size_t width, int count) const {
  double total = total_;
  const auto entries = of_width_.find(width);
  if (entries == of_width_.end()) return total;
  for (const size_t i : entries->second)
    total += model_.cost(narrowed(entries_[i], width, count)) - entries_[i].cost;
  return total;
}

void WidthCost::remove(size_t width, int count) {
  const auto entries = of_width_.find(width);
  if (entries == of_width_.end()) return;
  for (const size_t i : entries->second) {
    Entry& entry = entries_[i];
    entry.layer = narrowed(entry, width, count);
    const double cost = model_.cost(entry.layer);
    total_ += cost - entry.cost;
    entry.cost = cost;
  }
}

std::vector<size_t> WidthCost::neighbours(size_t width) const {
  std::set<size_t> widths{width};
  const auto entries = of_width_.find(width);
  if (entries != of_width_.end()) {
    for (const size_t i : entries->second) {
      for (const Share& share : entries_[i].shares) widths.insert(share.width);
    }
  }
  return {widths.begin(), widths.end()};
}

}  // namespace octet
