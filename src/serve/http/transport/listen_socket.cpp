#include "serve/http/transport/listen_socket.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>

#include "core/error.h"

namespace octet {
namespace {

constexpr int kBacklog = 128;

struct SocketAddress {
  sockaddr_storage bytes{};
  socklen_t size = 0;

  [[nodiscard]] const sockaddr* get() const { return reinterpret_cast<const sockaddr*>(&bytes); }
};

SocketAddress socket_address(const Endpoint& endpoint) {
  SocketAddress out;
  const auto port = htons(static_cast<uint16_t>(endpoint.port));
  sockaddr_in v4{.sin_family = AF_INET, .sin_port = port, .sin_addr = {}, .sin_zero = {}};
  if (::inet_pton(AF_INET, endpoint.host.c_str(), &v4.sin_addr) == 1) {
    out.size = sizeof(v4);
    std::memcpy(&out.bytes, &v4, sizeof(v4));
    return out;
  }
  sockaddr_in6 v6{};
  v6.sin6_family = AF_INET6;
  v6.sin6_port = port;
  ::inet_pton(AF_INET6, endpoint.host.c_str(), &v6.sin6_addr);
  out.size = sizeof(v6);
  std::memcpy(&out.bytes, &v6, sizeof(v6));
  return out;
}

void set_option(const OwnedDescriptor& socket, int level, int name, int value) {
  ::setsockopt(socket.get(), level, name, &value, sizeof(value));  // without it: the system's
}

}  // namespace

OwnedDescriptor::~OwnedDescriptor() {
  if (number_ >= 0) ::close(number_);
}

OwnedDescriptor listen_on(const Endpoint& endpoint, int bytes) {
  const SocketAddress address = socket_address(endpoint);
  OwnedDescriptor socket(
      ::socket(address.bytes.ss_family, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0));
  set_option(socket, SOL_SOCKET, SO_REUSEADDR, 1);
  set_option(socket, SOL_SOCKET, SO_SNDBUF, bytes);
  set_option(socket, SOL_SOCKET, SO_RCVBUF, bytes);
  set_option(socket, SOL_SOCKET, SO_KEEPALIVE, 1);
  set_option(socket, IPPROTO_TCP, TCP_NODELAY, 1);  // a handshake is many small messages
  set_option(socket, IPPROTO_TCP, TCP_KEEPIDLE, 30);
  set_option(socket, IPPROTO_TCP, TCP_KEEPINTVL, 10);
  set_option(socket, IPPROTO_TCP, TCP_KEEPCNT, 3);
  if (::bind(socket.get(), address.get(), address.size) != 0 ||
      ::listen(socket.get(), kBacklog) != 0) {
    const int reason = errno;
    fail("--http {}:{}: cannot be listened on: {}; {}", endpoint.host, endpoint.port,
         std::strerror(reason),
         reason == EADDRINUSE ? "another program, such as another octet, has this port"
         : reason == EACCES   ? "ports below 1024 need more rights: take another, such as 8080"
                              : "an address of this machine and a port are expected");
  }
  return socket;
}

int port_of(const OwnedDescriptor& socket) {
  sockaddr_storage address{};
  socklen_t size = sizeof(address);
  ::getsockname(socket.get(), reinterpret_cast<sockaddr*>(&address), &size);
  sockaddr_in v4{};  // the port lies at the same place in both families
  std::memcpy(&v4, &address, sizeof(v4));
  return ntohs(v4.sin_port);
}

}  // namespace octet
