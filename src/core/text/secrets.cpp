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

}  // namespace

// The user's part of an address ends with an @, and begins a host. What stands before the last @ of
// the whole address may be secret, and what stands behind the first ? or # as well; with an @ behind
// the host both may be the case, and nothing is known to be harmless.
std::string public_address(std::string_view address) {
  const size_t scheme = address.find(kScheme);
  if (scheme == std::string_view::npos) return std::string(address);
  const std::string_view begin = address.substr(0, scheme + kScheme.size());
  std::string_view rest = address.substr(begin.size());
  const std::string_view authority = rest.substr(0, rest.find_first_of("/?#;\\"));
  const size_t user = authority.rfind('@');
  const size_t last = rest.rfind('@');
  if (user != last) return std::string(begin) + "…";
  if (user != std::string_view::npos) rest.remove_prefix(user + 1);
  return std::string(begin) + std::string(rest.substr(0, rest.find_first_of("?#;\\")));
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
