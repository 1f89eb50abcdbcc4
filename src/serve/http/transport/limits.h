// The limits for clients. All of these numbers stand here.
#pragma once

#include <chrono>
#include <cstddef>

namespace octet {

struct HttpLimits {
  // At the limit a new client still gets in: the connection with the longest step goes. So a short
  // request is answered, no matter how many other clients are slow.
  size_t connections = 128;
  size_t connections_per_address = 112;  // an IPv4 address, or the first 64 bits of an IPv6 one
  size_t streams = 100;                  // of live pictures, which keep their place; more: 503
  size_t connection_bytes = 16 << 10;    // of memory; request line and headers fit in: 414, 431
  size_t body_bytes = 64 << 10;          // 413
  // Buffers of the system for a client, each way. They are small, because images grow old in them.
  int socket_bytes = 64 << 10;
  std::chrono::seconds silence{5};  // without a byte either way
  // From the connection, or from the answer before, to the end of the headers; from there to the
  // end of the answer; and for one picture of a stream.
  std::chrono::seconds step{15};
};

}  // namespace octet
