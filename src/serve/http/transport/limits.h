// What clients may take of this machine. The one place of these numbers.
#pragma once

#include <chrono>
#include <cstddef>

namespace octet {

struct HttpLimits {
  // At the limit nobody new is turned away: whoever has kept a place longest goes. So a request that
  // takes milliseconds is answered however many others are slow.
  size_t connections = 128;
  size_t connections_per_address = 112;  // an IPv4 address, or the first 64 bits of an IPv6 one
  size_t streams = 100;                  // of live pictures, which keep their place; more: 503
  size_t connection_bytes = 16 << 10;    // of memory; request line and headers fit in: 414, 431
  size_t body_bytes = 64 << 10;          // 413
  // What the system keeps for a client, each way. Little, because pictures grow old in it.
  int socket_bytes = 64 << 10;
  std::chrono::seconds silence{5};  // without a byte either way
  // From the connection, or from the answer before, to the end of the headers; from there to the
  // end of the answer; and for one picture of a stream.
  std::chrono::seconds step{15};
};

}  // namespace octet
