#include "serve/http/access_control.h"

#include <arpa/inet.h>

#include <array>
#include <charconv>
#include <string_view>

#include "core/error.h"
#include "serve/http/server.h"

namespace octet {
namespace {

constexpr size_t kShortestToken = 16;

// "host:port" without the port, "[::1]:80" without brackets and port.
std::string host_of(std::string_view text) {
  if (text.starts_with('[')) return std::string(text.substr(1, text.find(']') - 1));
  return std::string(text.substr(0, text.find(':')));
}

std::string from_base64(std::string_view text) {
  std::string out;
  unsigned bits = 0;
  int count = 0;
  for (const char c : text) {
    constexpr std::string_view kAlphabet =
        "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    const size_t value = kAlphabet.find(c);
    if (value == std::string_view::npos) break;
    bits = bits << 6 | static_cast<unsigned>(value);
    count += 6;
    if (count < 8) continue;
    count -= 8;
    out.push_back(static_cast<char>(bits >> count & 0xff));
  }
  return out;
}

// Takes as long for a wrong token as for the right one.
bool equal_in_constant_time(std::string_view given, std::string_view wanted) {
  unsigned different = given.size() == wanted.size() ? 0 : 1;
  for (size_t i = 0; i < wanted.size(); ++i) {
    different |= static_cast<unsigned char>(i < given.size() ? given[i] : 0) ^
                 static_cast<unsigned char>(wanted[i]);
  }
  return different == 0;
}

}  // namespace

Endpoint parse_endpoint(const std::string& text) {
  Endpoint out;
  const size_t colon = text.rfind(':');
  const auto wrong = [&] {
    fail_usage("--http {}: an address and a port are expected, such as 127.0.0.1:8080", text);
  };
  if (colon == std::string::npos) wrong();
  out.host = text.substr(0, colon);
  if (out.host.starts_with('[') && out.host.ends_with(']'))
    out.host = out.host.substr(1, out.host.size() - 2);
  if (out.host.empty()) out.host = "127.0.0.1";
  if (out.host == "localhost") out.host = "127.0.0.1";
  const char* end = text.data() + text.size();
  const auto [stopped, error] = std::from_chars(text.data() + colon + 1, end, out.port);
  std::array<unsigned char, sizeof(in6_addr)> bytes{};
  const bool is_address = ::inet_pton(AF_INET, out.host.c_str(), bytes.data()) == 1 ||
                          ::inet_pton(AF_INET6, out.host.c_str(), bytes.data()) == 1;
  if (error != std::errc{} || stopped != end || out.port < 0 || out.port > 65535 || !is_address)
    wrong();
  return out;
}

bool is_loopback(const std::string& host) {
  return host == "localhost" || host == "::1" || host.starts_with("127.");
}

AccessControl::AccessControl(const ServerOptions& options)
    : endpoint_(parse_endpoint(options.address)),
      token_(options.token),
      local_only_(is_loopback(endpoint_.host) && token_.empty()) {
  if (!token_.empty() && token_.size() < kShortestToken) {
    fail_usage("--http-token: {} characters are too few; {} or more cannot be guessed",
               token_.size(), kShortestToken);
  }
  if (!is_loopback(endpoint_.host) && token_.empty() && !options.open) {
    fail_usage(
        "--http {}: other machines reach this address; give --http-token FILE, or --http-open if "
        "everybody may look",
        options.address);
  }
}

bool AccessControl::has_token(const std::string& authorization) const {
  const std::string_view text = authorization;
  if (text.starts_with("Bearer ")) return equal_in_constant_time(text.substr(7), token_);
  if (!text.starts_with("Basic ")) return false;
  const std::string pair = from_base64(text.substr(6));  // a browser asks for name and password
  const size_t colon = pair.find(':');
  return colon != std::string::npos &&
         equal_in_constant_time(std::string_view(pair).substr(colon + 1), token_);
}

std::optional<Refusal> AccessControl::check(const RequestInfo& asked) const {
  if (asked.method != "GET" && asked.method != "HEAD" && asked.method != "POST")
    return Refusal{405, "only GET and POST are answered"};
  if (!token_.empty() && asked.path != "/healthz" && !has_token(asked.authorization))
    return Refusal{401, "the token is missing or wrong"};
  // A name that somebody else's server gave this machine would let their page read ours.
  if (local_only_ && !is_loopback(host_of(asked.host)))
    return Refusal{403, "the Host header names another machine"};
  if (asked.method != "POST") return std::nullopt;
  const size_t scheme = asked.origin.find("://");
  if (!asked.origin.empty() &&
      (scheme == std::string::npos || asked.origin.substr(scheme + 3) != asked.host))
    return Refusal{403, "another site's page may not change anything here"};
  if (!asked.content_type.starts_with("application/json"))
    return Refusal{415, "application/json is expected"};
  return std::nullopt;
}

}  // namespace octet
