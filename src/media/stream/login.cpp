#include "media/stream/login.h"

#include <algorithm>
#include <cctype>
#include <cstddef>
#include <optional>

namespace octet {
namespace {

constexpr std::string_view kScheme = "://";

bool is_digits(std::string_view text) {
  return text.find_first_not_of("0123456789") == std::string_view::npos;
}

bool is_hex(char c) { return std::isxdigit(static_cast<unsigned char>(c)) != 0; }

// How much a text, up to a path, looks like a host that an address names.
enum class HostLooks { kNone, kName, kSure };

HostLooks host_looks(std::string_view text) {
  text = text.substr(0, text.find_first_of("/?#"));
  if (text.starts_with('['))
    return text.find(']') == std::string_view::npos ? HostLooks::kNone : HostLooks::kSure;
  const size_t colon = text.find(':');
  const std::string_view name = text.substr(0, colon);
  const bool has_port = colon != std::string_view::npos;
  if (has_port && (colon + 1 == text.size() || !is_digits(text.substr(colon + 1))))
    return HostLooks::kNone;
  const bool plain = std::all_of(name.begin(), name.end(), [](unsigned char c) {
    return std::isalnum(c) != 0 || c == '-' || c == '.' || c == '_' || c >= 0x80;
  });
  const bool has_dot = name.find('.') != std::string_view::npos;
  if (name.empty() || !plain || (is_digits(name) && !has_port)) return HostLooks::kNone;
  return has_dot || has_port || name == "localhost" ? HostLooks::kSure : HostLooks::kName;
}

// Whether the @ at `last`, which stands behind what could be a whole address, ends a password.
bool ends_password(std::string_view rest, size_t authority, size_t last) {
  const HostLooks behind = host_looks(rest.substr(last + 1));
  if (behind == HostLooks::kNone) return false;
  const std::string_view between = rest.substr(authority, last - authority);
  if (between.find('#') != std::string_view::npos)
    return true;  // no camera's address has a fragment
  const std::string_view before = rest.substr(0, authority);
  const size_t at = before.rfind('@');
  if (at == std::string_view::npos) {
    const size_t colon = before.find(':');
    if (before.starts_with('[') || colon == std::string_view::npos) return false;
    const bool port = colon + 1 < before.size() && is_digits(before.substr(colon + 1));
    return !port ||
           (behind == HostLooks::kSure && host_looks(before.substr(0, colon)) != HostLooks::kSure);
  }
  const size_t query = between.find('?');
  const bool in_query =
      query != std::string_view::npos && between.find('=', query) != std::string_view::npos;
  const HostLooks other = host_looks(before.substr(at + 1));
  if (other == HostLooks::kNone) return true;
  if (other == HostLooks::kSure || in_query) return false;
  return behind == HostLooks::kSure || rest.find('/', last) != std::string_view::npos;
}

// The @ before the host.
std::optional<size_t> login_end(std::string_view rest) {
  const size_t authority = std::min(rest.find_first_of("/?#"), rest.size());
  for (size_t at = rest.rfind('@'); at != std::string_view::npos; at = rest.rfind('@', at - 1)) {
    if (at < authority || ends_password(rest, authority, at)) return at;
    if (at == 0) break;
  }
  return std::nullopt;
}

std::string encoded(std::string_view text) {
  constexpr std::string_view kHex = "0123456789ABCDEF";
  std::string out;
  for (size_t i = 0; i < text.size(); ++i) {
    const auto c = static_cast<unsigned char>(text[i]);
    const bool is_encoded =
        c == '%' && i + 2 < text.size() && is_hex(text[i + 1]) && is_hex(text[i + 2]);
    if (is_encoded || (std::isalnum(c) != 0 && c < 0x80) ||
        std::string_view("-._~!$&'()*+,;=").find(text[i]) != std::string_view::npos) {
      out += text[i];
    } else {
      out += {'%', kHex[c >> 4], kHex[c & 15]};
    }
  }
  return out;
}

}  // namespace

std::string with_encoded_login(std::string_view address) {
  const size_t scheme = address.find(kScheme);
  if (scheme == std::string_view::npos) return std::string(address);
  const std::string_view rest = address.substr(scheme + kScheme.size());
  const std::optional<size_t> end = login_end(rest);
  if (!end) return std::string(address);
  const std::string_view login = rest.substr(0, *end);
  const size_t colon = login.find(':');
  std::string out(address.substr(0, scheme + kScheme.size()));
  out += encoded(login.substr(0, colon));
  if (colon != std::string_view::npos) out.append(":").append(encoded(login.substr(colon + 1)));
  return out.append(rest.substr(*end));
}

}  // namespace octet
