// The one way in which a verb prints the object of --json. docs/reference/json.md describes the
// objects of all verbs.
#pragma once

#include <nlohmann/json_fwd.hpp>

namespace octet {

// Prints `result` on one line of standard output, with "schema" as its first key. The number grows
// when a key is removed or changes its meaning; a new key leaves it as it is.
void print_json(const nlohmann::ordered_json& result);

}  // namespace octet
