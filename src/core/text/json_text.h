// Converts JSON to text. nlohmann's own dump() throws for text that is not UTF-8, which files may
// contain. scripts/lint.sh therefore refuses dump() elsewhere.
#pragma once

#include <nlohmann/json_fwd.hpp>
#include <string>

namespace octet {

// Returns one line. Bytes that are not UTF-8 become U+FFFD. Every control character is escaped, so
// that a terminal can show the line.
[[nodiscard]] std::string dump_json(const nlohmann::json& value);
[[nodiscard]] std::string dump_json(const nlohmann::ordered_json& value);

}  // namespace octet
