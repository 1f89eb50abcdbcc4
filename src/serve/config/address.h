// Parses addresses and names of requests and options, and compares them by meaning.
#pragma once

#include <sys/socket.h>

#include <array>
#include <compare>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace octet {

// The address on which the server listens.
struct Endpoint {
  std::string host;  // an IP address
  int port = 0;
};
// "127.0.0.1:8080", "[::1]:8080" or ":8080" (this machine). Throws a usage Error for anything else.
[[nodiscard]] Endpoint parse_endpoint(const std::string& text);

// A host with or without a port, as a URL and the Host header have it.
struct Authority {
  std::string host;  // an IP address in its usual form without brackets, or a name in lower case
  std::optional<int> port;
};
// Nothing when it is none: "127.0.0.1:", "[::1", "a b", "box:99999".
[[nodiscard]] std::optional<Authority> parse_authority(std::string_view text);

// Whether a page of `origin` (as "http://box:8080") came from where `host` says the request went. A
// port that is not named is the usual one of the origin's scheme.
[[nodiscard]] bool is_same_origin(std::string_view origin, std::string_view host);

// Whether `host` is "localhost", an address of 127.0.0.0/8 as four numbers, or ::1. No name server
// can redirect these.
[[nodiscard]] bool is_loopback(const std::string& host);

// The origin of a client for limits: an IPv4 address, or the first 64 bits of an IPv6 address,
// because one machine may use all addresses behind them.
struct ClientAddress {
  std::array<uint8_t, 8> network{};
  auto operator<=>(const ClientAddress&) const = default;
};
[[nodiscard]] ClientAddress client_address(const sockaddr* from);

}  // namespace octet
