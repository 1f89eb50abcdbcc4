// The HTTP server: libmicrohttpd with one thread, which never waits for a client. A request without
// an answer is suspended until wake(). A client that takes too long is dropped.
#pragma once

#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "serve/config/address.h"
#include "serve/http/transport/exchange.h"
#include "serve/http/transport/limits.h"
#include "serve/http/transport/tls_identity.h"

namespace octet {

struct HttpDaemonOptions {
  Endpoint endpoint;               // port 0: any that is free
  std::optional<TlsIdentity> tls;  // nothing: plain HTTP
  HttpLimits limits;
  std::vector<std::pair<std::string, std::string>> headers;  // of every answer
};

class HttpDaemon {
 public:
  // Starts to answer, on a thread of lower priority, so that clients never cost results. `handler`
  // has to outlive it. Throws an Error when it cannot listen on the address.
  HttpDaemon(const HttpDaemonOptions& options, HttpHandler& handler);
  ~HttpDaemon();  // ends all connections, at once
  HttpDaemon(const HttpDaemon&) = delete;
  HttpDaemon& operator=(const HttpDaemon&) = delete;

  [[nodiscard]] int port() const;
  // Asks suspended requests for their answers again. Any thread; never waits.
  void wake();

 private:
  class Loop;
  std::unique_ptr<Loop> loop_;
};

}  // namespace octet
