// Parses the JSON of files.
#pragma once

#include <nlohmann/json_fwd.hpp>
#include <string_view>

#include "core/budget.h"

namespace octet {

// Takes the document's memory from the budget before it is allocated. Throws an Error when that is
// too much, and nlohmann::json::exception when the text is not JSON, since the caller knows which
// document was expected.
[[nodiscard]] nlohmann::json parse_json(std::string_view text, Budget& budget);

}  // namespace octet
