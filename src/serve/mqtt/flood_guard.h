// Ends a connection to a broker on which more bytes come in than octet asked for. octet subscribes
// to nothing, so a broker has to send acknowledgements, pings and the beginning of TLS alone. The
// library would keep whatever else comes. One thread at a time.
#pragma once

#include <chrono>
#include <cstdint>

namespace octet {

class FloodGuard {
 public:
  FloodGuard() = default;
  ~FloodGuard() { (void)end(); }
  FloodGuard(const FloodGuard&) = delete;
  FloodGuard& operator=(const FloodGuard&) = delete;

  // Watches `socket`, which stays its owner's. `published`: messages that were published so far.
  void begin(int socket, int64_t published);
  // Shuts the connection down when too much came in.
  void look(int64_t published);
  [[nodiscard]] bool flooded() const { return flooded_; }
  // Forgets the connection. Returns whether it was flooded.
  bool end();

 private:
  int socket_ = -1;  // a second descriptor of it; -1: there is none
  int64_t published_before_ = 0;
  std::chrono::steady_clock::time_point since_;
  bool flooded_ = false;
};

}  // namespace octet
