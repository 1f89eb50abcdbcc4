#include "train/prune/channel_plan.h"

#include <algorithm>

#include "measure/cost/cost_table.h"

namespace octet {
namespace {

// Channels of a value are left in multiples of this: no kernel of an engine fills less.
constexpr int kStep = 8;
constexpr double kLeastSaving = 1e-6;  // share of the cost

double importance_of(const Graph& graph, const ChannelGroup& group, const Importance& importance) {
  std::vector<ValueChannel> members;
  for (const ChannelSlot& slot : group.values)
    members.push_back({graph.nodes.at(slot.node).name, slot.channel});
  return importance.of(members);
}

}  // namespace

ChannelPlan::ChannelPlan(const Graph& graph, const Importance& importance, Size size,
                         const CostModel& model)
    : groups_(channel_groups(graph)), cost_(graph, groups_, size, model) {
  std::vector<double> loss(groups_.size());
  for (size_t i = 0; i < groups_.size(); ++i) {
    loss[i] = importance_of(graph, groups_[i], importance);
    widths_[groups_[i].width].groups.push_back(i);
  }
  for (auto& [number, width] : widths_) {
    std::stable_sort(width.groups.begin(), width.groups.end(),
                     [&](size_t a, size_t b) { return loss[a] < loss[b]; });
    width.losses.push_back(0);
    for (const size_t i : width.groups) width.losses.push_back(width.losses.back() + loss[i]);
  }
  for (auto& [number, width] : widths_) width.next = best_step(number, width);
  path_.push_back({cost_.total(), 0});
}

std::optional<ChannelPlan::Step> ChannelPlan::best_step(size_t number, const Width& width) const {
  const int all = static_cast<int>(width.groups.size());
  const int least =
      std::max((all + kLeastShareOfChannels - 1) / kLeastShareOfChannels, std::min(all, kStep));
  std::optional<Step> best;
  for (int left = (all - width.taken - 1) / kStep * kStep; left >= least; left -= kStep) {
    const int taken = all - left;
    const auto at = [&](int n) { return width.losses[static_cast<size_t>(n)]; };
    const Step step{.count = taken - width.taken,
                    .loss = at(taken) - at(width.taken),
                    .saved = cost_.total() - cost_.total_without(number, taken - width.taken)};
    if (step.saved <= kLeastSaving * cost_.total()) continue;
    if (!best || step.price() < best->price()) best = step;
  }
  return best;
}

bool ChannelPlan::reach(double most_cost) {
  while (cost_.total() > most_cost) {
    Width* cheapest = nullptr;
    size_t number = 0;
    for (auto& [n, width] : widths_) {
      if (!width.next) continue;
      if (cheapest != nullptr && cheapest->next->price() <= width.next->price()) continue;
      cheapest = &width;
      number = n;
    }
    if (cheapest == nullptr) return false;
    const Step step = *cheapest->next;
    cheapest->taken += step.count;
    cost_.remove(number, step.count);
    path_.push_back({cost_.total(), path_.back().loss + step.loss});
    for (const size_t n : cost_.neighbours(number)) widths_[n].next = best_step(n, widths_[n]);
  }
  return true;
}

std::optional<double> ChannelPlan::loss_at(double cost) const {
  for (const Point& point : path_) {
    if (point.cost <= cost) return point.loss;
  }
  return std::nullopt;
}

std::vector<ChannelGroup> ChannelPlan::taken() const {
  std::vector<ChannelGroup> taken;
  for (const auto& [number, width] : widths_) {
    for (int i = 0; i < width.taken; ++i)
      taken.push_back(groups_[width.groups[static_cast<size_t>(i)]]);
  }
  return taken;
}

}  // namespace octet
