#include "serve/config/address.h"

#include <arpa/inet.h>
#include <netinet/in.h>

#include <algorithm>
#include <charconv>
#include <cstring>

#include "core/error.h"

namespace octet {
namespace {

constexpr int kLargestPort = 65535;

std::optional<int> parse_port(std::string_view text) {
  int port = 0;
  const auto [stopped, error] = std::from_chars(text.begin(), text.end(), port);
  if (error != std::errc{} || stopped != text.end() || port < 0 || port > kLargestPort)
    return std::nullopt;
  return port;
}

// The address in its usual form; of an IPv4 address that is written as an IPv6 one, the former.
std::optional<std::string> parse_ipv6(const std::string& text) {
  in6_addr address{};
  if (::inet_pton(AF_INET6, text.c_str(), &address) != 1) return std::nullopt;
  std::array<char, INET6_ADDRSTRLEN> out{};
  if (IN6_IS_ADDR_V4MAPPED(&address))
    ::inet_ntop(AF_INET, &address.s6_addr[12], out.data(), out.size());
  else
    ::inet_ntop(AF_INET6, &address, out.data(), out.size());
  return out.data();
}

std::optional<std::string> parse_name(std::string_view text) {
  std::string name;
  for (const char c : text) {
    const bool upper = c >= 'A' && c <= 'Z';
    const bool usual = (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '-' || c == '_';
    if (!upper && !usual && c != '.') return std::nullopt;
    name.push_back(upper ? static_cast<char>(c - 'A' + 'a') : c);
  }
  if (name.ends_with('.')) name.pop_back();
  if (name.empty()) return std::nullopt;
  return name;
}

bool is_address(const std::string& host) {
  std::array<unsigned char, sizeof(in6_addr)> bytes{};
  return ::inet_pton(AF_INET, host.c_str(), bytes.data()) == 1 ||
         ::inet_pton(AF_INET6, host.c_str(), bytes.data()) == 1;
}

}  // namespace

std::optional<Authority> parse_authority(std::string_view text) {
  const bool bracketed = text.starts_with('[');
  const size_t end = bracketed ? text.find(']') : std::min(text.find(':'), text.size());
  if (end == std::string_view::npos) return std::nullopt;
  const auto host = bracketed ? parse_ipv6(std::string(text.substr(1, end - 1)))
                              : parse_name(text.substr(0, end));
  if (!host) return std::nullopt;
  Authority out{.host = *host, .port = std::nullopt};
  const std::string_view rest = text.substr(end + (bracketed ? 1 : 0));
  if (rest.empty()) return out;
  if (!rest.starts_with(':')) return std::nullopt;
  out.port = parse_port(rest.substr(1));
  if (!out.port) return std::nullopt;
  return out;
}

Endpoint parse_endpoint(const std::string& text) {
  auto at = parse_authority(text.starts_with(':') ? "127.0.0.1" + text : text);
  if (at && at->host == "localhost") at->host = "127.0.0.1";
  if (!at || !at->port || !is_address(at->host)) {
    fail_usage("--http {}: an address and a port are expected, such as 127.0.0.1:8080", text);
  }
  return {.host = at->host, .port = *at->port};
}

bool is_same_origin(std::string_view origin, std::string_view host) {
  const bool secure = origin.starts_with("https://");
  if (!secure && !origin.starts_with("http://")) return false;
  const auto from = parse_authority(origin.substr(origin.find("//") + 2));
  const auto to = parse_authority(host);
  const int usual = secure ? 443 : 80;
  return from && to && from->host == to->host &&
         from->port.value_or(usual) == to->port.value_or(usual);
}

bool is_loopback(const std::string& host) {
  if (host == "localhost") return true;
  in_addr v4{};
  if (::inet_pton(AF_INET, host.c_str(), &v4) == 1) return ntohl(v4.s_addr) >> 24 == 127;
  in6_addr v6{};
  return ::inet_pton(AF_INET6, host.c_str(), &v6) == 1 && IN6_IS_ADDR_LOOPBACK(&v6);
}

ClientAddress client_address(const sockaddr* from) {
  ClientAddress out;
  const auto take_ipv4 = [&](const void* bytes) {
    out.network.fill(0xff);  // no network of IPv6 clients begins so
    std::memcpy(&out.network[4], bytes, sizeof(in_addr));
  };
  if (from->sa_family == AF_INET) {
    sockaddr_in v4{};
    std::memcpy(&v4, from, sizeof(v4));
    take_ipv4(&v4.sin_addr);
  } else if (from->sa_family == AF_INET6) {
    sockaddr_in6 v6{};
    std::memcpy(&v6, from, sizeof(v6));
    if (IN6_IS_ADDR_V4MAPPED(&v6.sin6_addr))
      take_ipv4(&v6.sin6_addr.s6_addr[12]);
    else
      std::memcpy(out.network.data(), &v6.sin6_addr, out.network.size());
  }
  return out;
}

}  // namespace octet
