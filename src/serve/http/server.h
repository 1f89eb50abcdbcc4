// Serves the page of a running watch, figures for Prometheus, and states and results as JSON. It
// serves this machine only, unless there is a token.
#pragma once

#include <memory>
#include <string>

#include "serve/http/routes.h"
#include "serve/options.h"

namespace octet {

class Server {
 public:
  // Starts to answer. Throws an Error when the address is wrong, in use, or reachable from other
  // machines without a token, and for an invalid certificate or key. `watch` and `board` have to
  // outlive it.
  Server(const ServerOptions& options, Watch& watch, DashboardState& board,
         const StatusSources& surroundings = {});
  ~Server();  // ends all connections, at once
  Server(const Server&) = delete;
  Server& operator=(const Server&) = delete;

  [[nodiscard]] int port() const;             // also where 0 was asked for
  [[nodiscard]] std::string address() const;  // "127.0.0.1:8080", "[::1]:8080"

 private:
  struct Parts;
  std::unique_ptr<Parts> parts_;
};

}  // namespace octet
