// Which channels go first: those with the least importance for the cost that they save. Costs fall
// in steps, so channels of one width go together, as many as a step needs.
#pragma once

#include <map>
#include <optional>
#include <vector>

#include "graph/channels.h"
#include "measure/cost/width_cost.h"
#include "train/prune/importance.h"

namespace octet {

class ChannelPlan {
 public:
  // `graph` has no BatchNorm. `graph` and `model` have to outlive the plan.
  ChannelPlan(const Graph& graph, const Importance& importance, Size size, const CostModel& model);

  // Takes channels until the cost is at most this. False: no more can go.
  bool reach(double most_cost);

  [[nodiscard]] double cost() const { return cost_.total(); }
  // The summed importance of all channels taken, when the cost first fell to this or below. Nothing
  // where the plan has not come so far.
  [[nodiscard]] std::optional<double> loss_at(double cost) const;
  [[nodiscard]] std::vector<ChannelGroup> taken() const;

 private:
  // The next channels of a width, and what they cost and save.
  struct Step {
    int count = 0;
    double loss = 0, saved = 0;
    [[nodiscard]] double price() const { return loss / saved; }
  };
  // The groups of one width, the least important first.
  struct Width {
    std::vector<size_t> groups;
    std::vector<double> losses;  // of the first n groups together
    int taken = 0;
    std::optional<Step> next;
  };
  struct Point {
    double cost, loss;
  };
  [[nodiscard]] std::optional<Step> best_step(size_t number, const Width& width) const;

  std::vector<ChannelGroup> groups_;
  WidthCost cost_;
  std::map<size_t, Width> widths_;
  std::vector<Point> path_;
};

}  // namespace octet
