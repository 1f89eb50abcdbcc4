// The name that somebody meant who misspelt it.
#pragma once

#include <string>
#include <string_view>
#include <vector>

namespace octet {

// The least number of letters to insert, leave out, replace or swap with their neighbour that makes `b`
// of `a` (optimal string alignment).
[[nodiscard]] int edit_distance(std::string_view a, std::string_view b);

// The nearest of `names`: of those at most a third of whose letters differ, or that begin like `word`.
// Empty where there is none. Dashes and underscores do not count.
[[nodiscard]] std::string nearest_text(std::string_view word,
                                       const std::vector<std::string>& names);

}  // namespace octet
