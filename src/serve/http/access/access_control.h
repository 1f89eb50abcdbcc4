// Decides whether a client may make a request, before anything else of the request is read. One
// thread.
#pragma once

#include <chrono>
#include <optional>
#include <string>

#include "serve/config/address.h"
#include "serve/http/access/attempt_limiter.h"

namespace octet {

struct ServerOptions;

// The parts of a request for the decision. Headers are as received, and empty where they are
// missing.
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
  // Throws a usage Error for an address that other machines can reach without a token or `open`,
  // and for a token that is too short.
  explicit AccessControl(const ServerOptions& options);

  [[nodiscard]] const Endpoint& endpoint() const { return endpoint_; }
  // Returns the refusal, or nothing when the request is allowed.
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
