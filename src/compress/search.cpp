#include "compress/search.h"

#include <algorithm>
#include <bit>

namespace octet {
namespace {

// What a short training may lack of the accuracy at the end. A pruned model was 0.09 below it.
constexpr double kUnprunedHope = 0.03, kPrunedHope = 0.12;

std::optional<size_t> last_that_holds(size_t count, const std::function<bool(size_t)>& holds) {
  size_t low = 0, high = count;  // below `low` all hold, from `high` on none
  while (low < high) {
    const size_t middle = low + (high - low) / 2;
    holds(middle) ? low = middle + 1 : high = middle;
  }
  return low > 0 ? std::optional(low - 1) : std::nullopt;
}

}  // namespace

std::vector<size_t> finalists(const std::vector<Standing>& tried) {
  const bool some =
      std::any_of(tried.begin(), tried.end(), [](const Standing& s) { return s.near; });
  const auto best_of = [&](bool pruned, bool first) {
    std::optional<size_t> at;
    for (size_t i = 0; i < tried.size(); ++i) {
      const Standing& s = tried[i];
      if (s.pruned != pruned || s.first != first || (some && !s.near)) continue;
      if (!at || s.score > tried[*at].score) at = i;
    }
    return at;
  };
  std::vector<size_t> best;
  for (const auto at : {best_of(true, false), best_of(false, false), best_of(false, true)}) {
    if (at) best.push_back(*at);
  }
  return best;
}

bool hopeful(const std::vector<Standing>& tried, double whole, double most_drop) {
  return std::any_of(tried.begin(), tried.end(), [&](const Standing& s) {
    return whole - s.score <= most_drop + (s.pruned ? kPrunedHope : kUnprunedHope);
  });
}

std::optional<size_t> climb(size_t count, const StepTests& tests) {
  size_t possible = 0;
  while (possible < count && tests.may_hold(possible)) ++possible;
  return last_that_holds(possible, tests.holds);
}

size_t most_asked(size_t count) { return static_cast<size_t>(std::bit_width(count)); }

}  // namespace octet
