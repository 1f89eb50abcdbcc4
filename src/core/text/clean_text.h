// Cleans text from outside, such as names in a model, a configuration or a folder. The result is
// valid UTF-8 without control characters, safe for a terminal, a log and an MQTT topic.
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

// The length of the valid UTF-8 at the start of `text`, in bytes.
[[nodiscard]] size_t utf8_bytes(std::string_view text);

// Makes a name usable as one level of a topic and as part of a file name. The characters / + # and
// % become % and two hexadecimal digits, so that different names stay different.
[[nodiscard]] std::string escaped_name(std::string_view name);

// The form of an argument in a message. Texts are cleaned, including those in fmt::join(). Numbers
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
