#include "core/text/json_text.h"

#include <fmt/format.h>

#include <cstddef>
#include <cstdint>
#include <nlohmann/json.hpp>
#include <string_view>
#include <utility>

namespace octet {
namespace {

// The controls that JSON allows as they are, U+007F to U+009F, stand in texts only.
size_t find_control(std::string_view text, size_t from) {
  for (size_t i = from; i < text.size(); ++i) {
    if (text[i] == '\x7F') return i;
    if (text[i] == '\xC2' && i + 1 < text.size() && static_cast<uint8_t>(text[i + 1]) < 0xA0)
      return i;
  }
  return std::string_view::npos;
}

std::string without_controls(std::string text) {
  size_t at = find_control(text, 0);
  if (at == std::string::npos) return text;
  std::string out;
  size_t begin = 0;
  for (; at != std::string::npos; at = find_control(text, begin)) {
    const bool one_byte = text[at] == '\x7F';
    const auto value = static_cast<uint8_t>(one_byte ? text[at] : text[at + 1]);
    out.append(text, begin, at - begin) += fmt::format("\\u{:04x}", value);
    begin = at + (one_byte ? 1 : 2);
  }
  return out.append(text, begin);
}

template <typename Json>
std::string dump(const Json& value) {
  return without_controls(value.dump(-1, ' ', false, Json::error_handler_t::replace));
}

}  // namespace

std::string dump_json(const nlohmann::json& value) { return dump(value); }
std::string dump_json(const nlohmann::ordered_json& value) { return dump(value); }

}  // namespace octet
