// For tests only: where a server of the test's own listens.
#pragma once

#include <arpa/inet.h>
#include <netinet/in.h>
#include <sys/socket.h>

#include "core/error.h"

namespace octet {

struct LoopbackListener {
  int socket = -1;  // whoever opened it closes it
  int port = 0;
};

// On this machine alone, at a port that is free.
[[nodiscard]] inline LoopbackListener listen_on_loopback() {
  const int socket = ::socket(AF_INET, SOCK_STREAM, 0);
  sockaddr_in address{.sin_family = AF_INET, .sin_port = 0, .sin_addr = {htonl(INADDR_LOOPBACK)}};
  socklen_t size = sizeof(address);
  auto* const generic = reinterpret_cast<sockaddr*>(&address);
  if (::bind(socket, generic, size) != 0 || ::getsockname(socket, generic, &size) != 0 ||
      ::listen(socket, 8) != 0)
    fail("no port of the loopback device is free");
  return {.socket = socket, .port = ntohs(address.sin_port)};
}

}  // namespace octet
