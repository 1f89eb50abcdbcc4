// Which of the tried configurations is the best, and which are worth a longer look. Pure logic.
#pragma once

#include <cstddef>
#include <optional>
#include <vector>

#include "tune/choice/goals.h"

namespace octet {

// Accuracies that differ by less count as equal. Processor time decides among them.
inline constexpr double kSameAccuracy = 0.005;

struct Ranking {
  TuneGoals goals;
  double source_fps = 0;  // 0: not limited
  // Share by which figures may be wrong. A configuration that misses a goal by less is kept.
  double doubt = 0;
};

// The indices of `points`, the best first: those that may hold the goals, by accuracy, equal ones
// by processor time; then the others, the one that is nearest to the goals first. Points that failed
// are left out.
[[nodiscard]] std::vector<size_t> ranked(const std::vector<TunePoint>& points,
                                         const Ranking& ranking);

// The indices of the points that no other one beats in both accuracy and processor time of a
// result, the cheapest first. Points without accuracy, and those that failed, are left out.
[[nodiscard]] std::vector<size_t> pareto_front(const std::vector<TunePoint>& points);

// The indices of `count` of the given costs: the cheapest in time and the cheapest in processor
// time in turn. Costs are those of one network, in milliseconds an image.
struct LookCost {
  double ms = 0, cpu_ms = 0;
};
[[nodiscard]] std::vector<size_t> cheapest(const std::vector<LookCost>& costs, size_t count);

}  // namespace octet
