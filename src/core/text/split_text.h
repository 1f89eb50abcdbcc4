// Splits text.
#pragma once

#include <string_view>
#include <vector>

namespace octet {

// The parts between any of `separators`, without empty parts.
[[nodiscard]] std::vector<std::string_view> split_text(std::string_view text,
                                                       std::string_view separators);

// Removes the U+FEFF at the start of some UTF-8 files.
[[nodiscard]] std::string_view without_byte_order_mark(std::string_view text);

}  // namespace octet
