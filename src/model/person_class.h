// The class of people among those of a detector or a data set.
#pragma once

#include <optional>
#include <string>
#include <vector>

namespace octet {

// Returns the place of "person" among the names of classes, or that of the only class.
[[nodiscard]] std::optional<int> find_person_class(const std::vector<std::string>& names);

}  // namespace octet
