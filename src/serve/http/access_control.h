// Who may ask what: decided before a request is looked at any further.
#pragma once

#include <optional>
#include <string>

namespace octet {

struct ServerOptions;

struct Endpoint {
  std::string host;  // an IP address
  int port = 0;
};
// "127.0.0.1:8080", "[::1]:8080" or ":8080" (this machine). Throws an Error for anything else.
[[nodiscard]] Endpoint parse_endpoint(const std::string& text);
[[nodiscard]] bool is_loopback(const std::string& host);

// What of a request decides; headers as they came, empty where there is none.
struct RequestInfo {
  std::string method, path, host, origin, content_type, authorization;
};
struct Refusal {
  int status = 403;
  std::string reason;
};

class AccessControl {
 public:
  // Throws an Error for an address that other machines reach, without a token or `open`.
  explicit AccessControl(const ServerOptions& options);

  [[nodiscard]] const Endpoint& endpoint() const { return endpoint_; }
  // Why not; nothing when it may.
  [[nodiscard]] std::optional<Refusal> check(const RequestInfo& asked) const;

 private:
  [[nodiscard]] bool has_token(const std::string& authorization) const;

  Endpoint endpoint_;
  std::string token_;
  bool local_only_;
};

}  // namespace octet
