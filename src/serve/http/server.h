// The page of a running watch, and what programs read: figures for Prometheus, states and results
// as JSON. On this machine only, unless a token is asked for.
#pragma once

#include <memory>
#include <string>

#include "serve/http/dashboard_state.h"

namespace octet {

struct ServerOptions {
  std::string address;  // "127.0.0.1:8080"
  std::string token;    // every request has to bring it; empty: none
  bool open = false;    // other machines may ask without a token
  bool operator==(const ServerOptions&) const = default;
};

class Mqtt;
class Reloader;

// What else there may be to tell of; has to outlive the server.
struct StatusSources {
  const Mqtt* mqtt = nullptr;
  const Reloader* reloader = nullptr;
};

class Server {
 public:
  // Answers from now on. Throws an Error when the address is wrong, taken, or reachable from other
  // machines without a token. `watch` and `board` have to outlive it.
  Server(const ServerOptions& options, Watch& watch, DashboardState& board,
         const StatusSources& surroundings = {});
  ~Server();  // ends all connections
  Server(const Server&) = delete;
  Server& operator=(const Server&) = delete;

  [[nodiscard]] int port() const;  // also where 0 was asked for

 private:
  struct Parts;
  std::unique_ptr<Parts> parts_;
};

}  // namespace octet
