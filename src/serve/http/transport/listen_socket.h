// A socket that listens, and a descriptor that closes itself.
#pragma once

#include <utility>

#include "serve/config/address.h"

namespace octet {

class OwnedDescriptor {
 public:
  explicit OwnedDescriptor(int number = -1) : number_(number) {}
  ~OwnedDescriptor();
  OwnedDescriptor(OwnedDescriptor&& other) noexcept : number_(other.release()) {}
  OwnedDescriptor(const OwnedDescriptor&) = delete;
  OwnedDescriptor& operator=(const OwnedDescriptor&) = delete;
  OwnedDescriptor& operator=(OwnedDescriptor&&) = delete;

  [[nodiscard]] int get() const { return number_; }
  [[nodiscard]] int release() { return std::exchange(number_, -1); }

 private:
  int number_;
};

// Opens a listening socket that does not block. Connections inherit `bytes` as the size of their
// buffers, each way. A connection to a machine that has vanished ends within a minute. Throws an
// Error with the reason when it cannot listen on the address.
[[nodiscard]] OwnedDescriptor listen_on(const Endpoint& endpoint, int bytes);
[[nodiscard]] int port_of(const OwnedDescriptor& socket);

}  // namespace octet
