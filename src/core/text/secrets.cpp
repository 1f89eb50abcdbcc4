#include "core/text/secrets.h"

#include <algorithm>
#include <cctype>
#include <cstddef>

namespace octet {
namespace {

constexpr std::string_view kScheme = "://";

bool is_scheme(char c) {
  return std::isalnum(static_cast<unsigned char>(c)) != 0 || c == '+' || c == '-' || c == '.';
}

bool ends_address(char c) {
  return std::isspace(static_cast<unsigned char>(c)) != 0 || c == '\'' || c == '"';
}

// Whether "user:pass", what stands before the first / ? or #, is no host with a port.
bool begins_login(std::string_view authority) {
  const size_t colon = authority.find(':');
  if (colon == std::string_view::npos || colon != authority.rfind(':')) return false;  // or IPv6
  return !std::all_of(authority.begin() + colon + 1, authority.end(),
                      [](unsigned char c) { return std::isdigit(c) != 0; });
}

// Without query, and without what some cameras want in the path: "/user=admin&password=word".
std::string_view without_query(std::string_view text) {
  text = text.substr(0, text.find_first_of("?#;\\"));
  const size_t value = text.find('=');
  return value == std::string_view::npos ? text : text.substr(0, text.rfind('/', value) + 1);
}

}  // namespace

// The user's part of an address ends with an @, and begins a host. What stands before the last @ of
// the whole address may be secret, and what stands behind the first ? or # as well. An @ behind the
// first / ? or # ends a password with such characters, or stands in a path or a query. What follows
// it is public where it cannot be a query's, or where it ends a login for certain.
std::string public_address(std::string_view address) {
  const size_t scheme = address.find(kScheme);
  if (scheme == std::string_view::npos) return std::string(address);
  const std::string begin(address.substr(0, scheme + kScheme.size()));
  const std::string_view rest = address.substr(begin.size());
  const size_t last = rest.rfind('@');
  if (last == std::string_view::npos) return begin + std::string(without_query(rest));
  const std::string behind(without_query(rest.substr(last + 1)));
  const std::string_view authority = rest.substr(0, rest.find_first_of("/?#;\\"));
  if (last < authority.size()) return begin + behind;
  const std::string_view before = rest.substr(0, last);
  const bool ends_login = before.find('@') == std::string_view::npos && begins_login(authority);
  const bool is_public = ends_login || before.find_first_of("?#;\\") == std::string_view::npos;
  if (!is_public || before.find('=') != std::string_view::npos) return begin + "…";
  return begin + "…@" + behind;
}

std::string without_secrets(std::string_view text) {
  std::string out;
  for (;;) {
    const size_t scheme = text.find(kScheme);
    if (scheme == std::string_view::npos) return out.append(text);
    size_t begin = scheme;
    while (begin > 0 && is_scheme(text[begin - 1])) --begin;
    const auto* const end = std::find_if(text.begin() + begin, text.end(), ends_address);
    const auto bytes = static_cast<size_t>(end - text.begin()) - begin;
    out.append(text.substr(0, begin)).append(public_address(text.substr(begin, bytes)));
    text.remove_prefix(begin + bytes);
  }
}

}  // namespace octet
