// The one way in which JSON becomes text. nlohmann's own dump() throws at a text that is not UTF-8,
// and such texts come from files; scripts/lint.sh refuses it elsewhere.
#pragma once

#include <nlohmann/json_fwd.hpp>
#include <string>

namespace octet {

// On one line. Bytes that are not UTF-8 become U+FFFD, and every control character is escaped, so
// that it may be shown on a terminal.
[[nodiscard]] std::string dump_json(const nlohmann::json& value);
[[nodiscard]] std::string dump_json(const nlohmann::ordered_json& value);

}  // namespace octet
