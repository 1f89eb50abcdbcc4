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
  bool met = true;   // its time is what was wanted
  double score = 0;  // mAP50-95
};

// The places of the best pruned and of the best unpruned one: what pruning took away needs longer to
// come back. Those that are too slow count only where all are.
[[nodiscard]] std::vector<size_t> finalists(const std::vector<Standing>& tried);

// Whether one of them may come within `most_drop` of `whole` by a whole training.
[[nodiscard]] bool hopeful(const std::vector<Standing>& tried, double whole, double most_drop);

// The last of `count` steps that holds, where each is harder than the one before. Asks for
// most_asked(count) steps at most. Nothing: none holds.
[[nodiscard]] std::optional<size_t> last_that_holds(size_t count,
                                                    const std::function<bool(size_t)>& holds);
[[nodiscard]] size_t most_asked(size_t count);

}  // namespace octet
