// The name that somebody meant who misspelt it.
#pragma once

#include <string>
#include <string_view>
#include <vector>

namespace octet {

// The least number of letters to insert, leave out, replace or swap with their neighbour that makes `b`
// of `a` (optimal string alignment).
[[nodiscard]] int edit_distance(std::string_view a, std::string_view b);

// The nearest of `names`: of those at most a third of whose letters differ, or that begin like `word`,
// else that of which it has the first four letters and more than half of its own. Empty where there is
// none. Dashes and underscores do not count.
[[nodiscard]] std::string nearest_text(std::string_view word,
                                       const std::vector<std::string>& names);

// "; did you mean NAME?", the end of an error; empty where no name is near.
[[nodiscard]] std::string did_you_mean(std::string_view word,
                                       const std::vector<std::string>& names);

}  // namespace octet
