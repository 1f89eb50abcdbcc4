// The page of a running watch, and what programs read: figures for Prometheus, states and results
// as JSON. On this machine only, unless a token is asked for.
#pragma once

#include <memory>
#include <string>

#include "serve/board.h"

namespace octet {

struct ServerOptions {
  std::string address;  // "127.0.0.1:8080"
  std::string token;    // every request has to bring it; empty: none
  bool open = false;    // other machines may ask without a token
};

class Server {
 public:
  // Answers from now on. Throws an Error when the address is wrong, taken, or reachable from other
  // machines without a token. `watch` and `board` have to outlive it.
  Server(const ServerOptions& options, Watch& watch, Board& board);
  ~Server();  // ends all connections
  Server(const Server&) = delete;
  Server& operator=(const Server&) = delete;

  [[nodiscard]] int port() const;  // also where 0 was asked for

 private:
  struct Parts;
  std::unique_ptr<Parts> parts_;
};

}  // namespace octet
