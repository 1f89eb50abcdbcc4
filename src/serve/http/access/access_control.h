// Who may ask what: decided before a request is looked at any further. For one thread.
#pragma once

#include <chrono>
#include <optional>
#include <string>

#include "serve/http/access/address.h"
#include "serve/http/access/attempt_limiter.h"

namespace octet {

struct ServerOptions;

// What of a request decides; headers as they came, empty where there is none.
struct RequestInfo {
  std::string method, path, host, origin, content_type, authorization;
  ClientAddress from;
};
struct Refusal {
  int status = 403;
  std::string reason;
  std::chrono::seconds retry_after{0};  // of status 429
};

class AccessControl {
 public:
  // Throws a usage Error for an address that other machines reach, without a token or `open`, and
  // for a token that could be guessed.
  explicit AccessControl(const ServerOptions& options);

  [[nodiscard]] const Endpoint& endpoint() const { return endpoint_; }
  // Why not; nothing when it may.
  [[nodiscard]] std::optional<Refusal> check(const RequestInfo& asked, AttemptLimiter::Time now);

 private:
  [[nodiscard]] std::optional<Refusal> check_token(const RequestInfo& asked,
                                                   AttemptLimiter::Time now);
  [[nodiscard]] bool has_token(const std::string& authorization) const;

  Endpoint endpoint_;
  std::string token_;
  bool local_only_;
  AttemptLimiter wrong_tokens_;
};

}  // namespace octet
