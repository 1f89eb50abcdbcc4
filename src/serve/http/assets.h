// The files of the page, inside the program.
#pragma once

#include <span>
#include <string_view>

namespace octet {

struct Asset {
  std::string_view path, type, content;
};
[[nodiscard]] std::span<const Asset> page_assets();

}  // namespace octet
