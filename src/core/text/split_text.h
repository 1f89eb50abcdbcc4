// Text taken apart.
#pragma once

#include <string_view>
#include <vector>

namespace octet {

// The parts between any of `separators`, without empty ones.
[[nodiscard]] std::vector<std::string_view> split_text(std::string_view text,
                                                       std::string_view separators);

// UTF-8 files of some systems begin with U+FEFF.
[[nodiscard]] std::string_view without_byte_order_mark(std::string_view text);

}  // namespace octet
