// JSON out of files.
#pragma once

#include <nlohmann/json_fwd.hpp>
#include <string_view>

#include "core/budget.h"

namespace octet {

// Takes what the document will occupy from the budget before it does. Throws an
// Error when that is too much, and nlohmann::json::exception when the text is no JSON: the caller
// knows what was expected.
[[nodiscard]] nlohmann::json parse_json(std::string_view text, Budget& budget);

}  // namespace octet
