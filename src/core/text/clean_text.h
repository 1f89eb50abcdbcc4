// Text that came from outside, such as the names in a model, a configuration or a folder, as it may
// leave: valid UTF-8 without anything that a terminal, a log or a topic takes for a command.
#pragma once

#include <fmt/format.h>

#include <string>
#include <string_view>
#include <type_traits>

namespace octet {

// Tabs and ends of lines become spaces. Bytes that are not UTF-8, other control characters (escape
// sequences begin with one) and marks that turn the direction of writing become U+FFFD each.
[[nodiscard]] std::string clean_text(std::string_view text);
// The same, but line feeds stay: for text of several lines that octet wrote itself.
[[nodiscard]] std::string clean_lines(std::string_view text);

// Of how many bytes from the first on `text` is UTF-8: its size where all of it is.
[[nodiscard]] size_t utf8_bytes(std::string_view text);

// A name as one level of a topic and as a part of a file name. What has a meaning there (/ + # and
// %) is written as % and two digits, so that different names stay different.
[[nodiscard]] std::string escaped_name(std::string_view name);

// What a message shows of an argument: texts are cleaned, also those that fmt::join() joins; numbers
// stay.
template <typename T>
[[nodiscard]] auto shown(const T& value) {
  if constexpr (std::is_convertible_v<const T&, std::string_view>)
    return clean_text(value);
  else
    return value;
}
template <typename It, typename Sentinel>
[[nodiscard]] std::string shown(const fmt::join_view<It, Sentinel>& joined) {
  std::string out;
  for (It at = joined.begin; at != joined.end; ++at) {
    if (at != joined.begin) out.append(joined.sep.data(), joined.sep.size());
    out += clean_text(fmt::format("{}", *at));
  }
  return out;
}

}  // namespace octet
