#include "tune/choice/halving.h"

#include <algorithm>

namespace octet {
namespace {

// Of each round: half of the round before, down to twice the finalists.
std::vector<size_t> sizes_of(size_t candidates, size_t finalists) {
  std::vector<size_t> sizes{candidates};
  while (sizes.back() > 2 * finalists) sizes.push_back((sizes.back() + 1) / 2);
  return sizes;
}

}  // namespace

std::vector<HalvingRound> plan_halving(size_t candidates, const HalvingPlan& plan) {
  for (size_t begin = candidates; begin > 0; --begin) {
    const std::vector<size_t> sizes = sizes_of(begin, std::max<size_t>(1, plan.finalists));
    const double share_s = plan.budget_s / static_cast<double>(sizes.size());
    std::vector<HalvingRound> rounds;
    for (const size_t size : sizes) {
      const double seconds = share_s / static_cast<double>(size) - plan.start_s;
      rounds.push_back({size, std::min(seconds, plan.most_s)});
    }
    if (rounds.front().seconds >= plan.least_s) return rounds;
  }
  return {};
}

}  // namespace octet
