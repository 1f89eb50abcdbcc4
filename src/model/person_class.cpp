#include "model/person_class.h"

#include <algorithm>

namespace octet {

std::optional<int> find_person_class(const std::vector<std::string>& names) {
  if (names.size() == 1) return 0;
  const auto at = std::find(names.begin(), names.end(), "person");
  if (at == names.end()) return std::nullopt;
  return static_cast<int>(at - names.begin());
}

}  // namespace octet
