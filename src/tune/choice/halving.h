// Successive halving (Jamieson and Talwalkar, "Non-stochastic Best Arm Identification and
// Hyperparameter Optimization", 2016): all candidates get a cheap look, the better half a look of
// twice the length, and so on, so that most of the time goes to the promising ones. Pure logic.
#pragma once

#include <cstddef>
#include <vector>

namespace octet {

struct HalvingRound {
  size_t candidates = 0;
  double seconds = 0;  // of each look, without its start
};

struct HalvingPlan {
  double budget_s = 0;   // for all looks
  double start_s = 0;    // that each look takes before it measures
  double least_s = 1;    // the shortest look that tells anything
  double most_s = 1e9;   // the longest
  size_t finalists = 1;  // after the last round
};

// The rounds, which get equal shares of the budget. Fewer candidates begin where the budget is too
// short for a look at each. Empty where it is too short for one.
[[nodiscard]] std::vector<HalvingRound> plan_halving(size_t candidates, const HalvingPlan& plan);

}  // namespace octet
