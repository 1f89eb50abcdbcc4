#include "measure/cost/times_in_turn.h"

#include <vector>

#include "core/numeric/quantile.h"

namespace octet {

TimePair times_in_turn(const std::function<double()>& first,
                       const std::function<double()>& second) {
  constexpr int kTurns = 3;
  std::vector<double> firsts, ratios;
  for (int turn = 0; turn < kTurns; ++turn) {
    firsts.push_back(first());
    ratios.push_back(second() / firsts.back());
  }
  const double middle = median(firsts);
  return {.first = middle, .second = middle * median(ratios)};
}

}  // namespace octet
