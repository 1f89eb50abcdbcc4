#include "serve/mqtt/flood_guard.h"

#include <fcntl.h>
#include <linux/tcp.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cstddef>
#include <utility>

namespace octet {
namespace {

using std::chrono::seconds;
using std::chrono::steady_clock;

// What a broker may send on one connection.
constexpr int64_t kUnasked = 64 << 10, kForAMessage = 256, kForASecond = 64;  // bytes
// So that a large packet is seen before it is there. Less than two segments of the loopback device would
// make its sender wait for longer and longer.
constexpr int kReceiveBuffer = 128 << 10;

// Bytes that came in on a connection; 0 where there is none.
int64_t received_bytes(int socket) {
  tcp_info info{};
  socklen_t size = sizeof(info);
  if (::getsockopt(socket, IPPROTO_TCP, TCP_INFO, &info, &size) != 0) return 0;
  const bool known = size >= offsetof(tcp_info, tcpi_bytes_received) + sizeof(__u64);
  return known ? static_cast<int64_t>(info.tcpi_bytes_received) : 0;
}

}  // namespace

void FloodGuard::begin(int socket, int64_t published) {
  (void)end();
  ::setsockopt(socket, SOL_SOCKET, SO_RCVBUF, &kReceiveBuffer, sizeof(kReceiveBuffer));
  socket_ = ::fcntl(socket, F_DUPFD_CLOEXEC, 0);
  published_before_ = published;
  since_ = steady_clock::now();
}

void FloodGuard::look(int64_t published) {
  if (socket_ < 0) return;
  const auto whole_seconds =
      std::chrono::duration_cast<seconds>(steady_clock::now() - since_).count();
  const int64_t asked =
      kUnasked + kForAMessage * (published - published_before_) + kForASecond * whole_seconds;
  if (received_bytes(socket_) <= asked) return;
  ::shutdown(socket_, SHUT_RDWR);
  flooded_ = true;
}

bool FloodGuard::end() {
  if (socket_ >= 0) ::close(std::exchange(socket_, -1));
  return std::exchange(flooded_, false);
}

}  // namespace octet
