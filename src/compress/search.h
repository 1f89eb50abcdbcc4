// Which candidates are trained to the end, and which step of a search is taken. No work is done here.
#pragma once

#include <cstddef>
#include <functional>
#include <optional>
#include <vector>

namespace octet {

// A candidate after its short training.
struct Standing {
  bool pruned = false;
  bool first = false;  // the first model as it is, which needs no training
  bool near = true;    // its time is near what was wanted
  double score = 0;    // mAP50-95
};

// The places of the best pruned and of the best unpruned one: what pruning took away needs longer to
// come back. The first model costs nothing, so it comes in addition. Those that are too slow count
// only where all are.
[[nodiscard]] std::vector<size_t> finalists(const std::vector<Standing>& tried);

// Whether one of them may come within `most_drop` of `whole` by a whole training.
[[nodiscard]] bool hopeful(const std::vector<Standing>& tried, double whole, double most_drop);

// The last of `count` steps that holds, where each is harder than the one before. Asks first which
// may hold, from the easiest on until one may not. Of those before it, most_asked(count) are asked
// at most whether they hold. Nothing: none holds.
struct StepTests {
  std::function<bool(size_t)> may_hold;  // cheap
  std::function<bool(size_t)> holds;
};
[[nodiscard]] std::optional<size_t> climb(size_t count, const StepTests& tests);
[[nodiscard]] size_t most_asked(size_t count);

}  // namespace octet
