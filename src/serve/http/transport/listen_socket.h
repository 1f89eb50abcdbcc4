// A socket that listens, and a descriptor that closes itself.
#pragma once

#include <utility>

#include "serve/http/access/address.h"

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

// Does not block; connections inherit `bytes` as what the system keeps for them each way, and are
// found dead within a minute where the other machine has vanished. Throws an Error that says why
// the address cannot be listened on.
[[nodiscard]] OwnedDescriptor listen_on(const Endpoint& endpoint, int bytes);
[[nodiscard]] int port_of(const OwnedDescriptor& socket);

}  // namespace octet
