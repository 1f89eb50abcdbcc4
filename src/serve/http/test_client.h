// For tests only: a client of this machine's HTTP servers that may say anything, and nothing.
#pragma once

#include <arpa/inet.h>
#include <fmt/format.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <cctype>
#include <fstream>
#include <map>
#include <string>
#include <string_view>
#include <utility>

namespace octet {

struct TestReply {
  int status = 0;                              // 0: the connection ended before
  std::map<std::string, std::string> headers;  // names in lower case
  std::string body;
};

class TestClient {
 public:
  explicit TestClient(int port, int patience_s = 10)
      : socket_(::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0)) {
    const timeval patience{.tv_sec = patience_s, .tv_usec = 0};
    ::setsockopt(socket_, SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof(patience));
    ::setsockopt(socket_, SOL_SOCKET, SO_SNDTIMEO, &patience, sizeof(patience));
    sockaddr_in to{};
    to.sin_family = AF_INET;
    to.sin_port = htons(static_cast<uint16_t>(port));
    to.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    connected_ = ::connect(socket_, reinterpret_cast<const sockaddr*>(&to), sizeof(to)) == 0;
  }
  ~TestClient() {
    if (socket_ >= 0) ::close(socket_);
  }
  TestClient(TestClient&& other) noexcept
      : socket_(std::exchange(other.socket_, -1)),
        connected_(other.connected_),
        unread_(std::move(other.unread_)) {}
  TestClient(const TestClient&) = delete;
  TestClient& operator=(const TestClient&) = delete;
  TestClient& operator=(TestClient&&) = delete;

  // False when the other side has closed the connection, or takes nothing for so long.
  bool send(std::string_view bytes) {
    if (!connected_) return false;
    while (!bytes.empty()) {
      const ssize_t count = ::send(socket_, bytes.data(), bytes.size(), MSG_NOSIGNAL);
      if (count <= 0) return false;
      bytes.remove_prefix(static_cast<size_t>(count));
    }
    return true;
  }
  // The next bytes; empty when there will be none.
  std::string receive() {
    if (!unread_.empty()) return std::exchange(unread_, {});
    std::string bytes(64 << 10, '\0');
    const ssize_t count = ::recv(socket_, bytes.data(), bytes.size(), 0);
    bytes.resize(static_cast<size_t>(std::max<ssize_t>(0, count)));
    return bytes;
  }
  // All until the connection ends.
  std::string receive_all() {
    std::string all;
    for (std::string more = receive(); !more.empty(); more = receive()) all += more;
    return all;
  }
  // An answer with a Content-Length.
  TestReply read_reply() {
    TestReply reply;
    std::string text;
    size_t end = std::string::npos;
    while ((end = text.find("\r\n\r\n")) == std::string::npos) {
      const std::string more = receive();
      if (more.empty()) return reply;
      text += more;
    }
    parse_head(text.substr(0, end), reply);
    reply.body = text.substr(end + 4);
    const size_t length = reply.headers.contains("content-length")
                              ? std::stoul(reply.headers.at("content-length"))
                              : 0;
    while (reply.body.size() < length) {
      const std::string more = receive();
      if (more.empty()) break;
      reply.body += more;
    }
    if (reply.body.size() > length) unread_ = reply.body.substr(length);
    reply.body.resize(std::min(reply.body.size(), length));
    return reply;
  }
  TestReply ask(const std::string& request) { return send(request) ? read_reply() : TestReply{}; }

 private:
  static void parse_head(const std::string& head, TestReply& reply) {
    reply.status = std::stoi(head.substr(head.find(' ')));
    for (size_t at = head.find("\r\n"); at != std::string::npos;) {
      const size_t next = head.find("\r\n", at + 2);
      const std::string line = head.substr(at + 2, next - at - 2);
      std::string name = line.substr(0, line.find(':'));
      std::transform(name.begin(), name.end(), name.begin(),
                     [](unsigned char c) { return static_cast<char>(std::tolower(c)); });
      reply.headers[name] = line.substr(std::min(line.size(), line.find(':') + 2));
      at = next;
    }
  }

  int socket_;
  bool connected_ = false;
  std::string unread_;
};

using TestHeaders = std::map<std::string, std::string>;

inline std::string request_text(const std::string& method, const std::string& path,
                                const TestHeaders& headers = {}, const std::string& body = {}) {
  std::string text = fmt::format("{} {} HTTP/1.1\r\n", method, path);
  if (!headers.contains("Host")) text += "Host: 127.0.0.1\r\n";
  for (const auto& [name, value] : headers) text += fmt::format("{}: {}\r\n", name, value);
  if (method == "POST") text += fmt::format("Content-Length: {}\r\n", body.size());
  return text + "\r\n" + body;
}

// Resident memory of this process, in MB.
inline double resident_mb() {
  std::ifstream statm("/proc/self/statm");
  double total = 0, resident = 0;
  statm >> total >> resident;
  return resident * static_cast<double>(::sysconf(_SC_PAGESIZE)) / 1e6;
}

}  // namespace octet
