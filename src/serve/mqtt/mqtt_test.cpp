// A broker that is not to be trusted.
#include "serve/mqtt/mqtt.h"

#include <arpa/inet.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <unistd.h>

#include <atomic>
#include <fstream>
#include <thread>

#include "testing/loopback.h"
#include "testing/testing.h"

namespace octet {
namespace {

using std::chrono::milliseconds;
using std::chrono::seconds;
using testing::HasSubstr;

int64_t resident_megabytes() {
  std::ifstream statm("/proc/self/statm");
  int64_t total = 0, resident = 0;
  statm >> total >> resident;
  return resident * ::sysconf(_SC_PAGESIZE) >> 20;
}

// Accepts every connection, and then sends `rest` again and again.
class HostileBroker {
 public:
  explicit HostileBroker(std::string begin, std::string rest)
      : begin_(std::move(begin)), rest_(std::move(rest)) {
    const LoopbackListener listener = listen_on_loopback();
    socket_ = listener.socket;
    port_ = listener.port;
    thread_ = std::jthread([this] { serve(); });
  }
  ~HostileBroker() {
    stop_ = true;
    ::shutdown(socket_, SHUT_RDWR);
    thread_.join();
    ::close(socket_);
  }
  HostileBroker(const HostileBroker&) = delete;
  HostileBroker& operator=(const HostileBroker&) = delete;
  [[nodiscard]] int port() const { return port_; }
  [[nodiscard]] int connections() const { return connections_; }
  [[nodiscard]] int64_t sent() const { return sent_; }

 private:
  void serve() {
    const std::string connack("\x20\x02\0\0", 4);  // MQTT 3.1.1, 3.2
    for (int client = 0; (client = ::accept(socket_, nullptr, nullptr)) >= 0;) {
      ++connections_;
      char connect[1024];
      (void)!::recv(client, connect, sizeof(connect), 0);
      bool heard = send(client, connack) && send(client, begin_);
      while (heard && !stop_) heard = send(client, rest_);
      ::close(client);
    }
  }
  bool send(int client, const std::string& text) {
    const ssize_t sent = ::send(client, text.data(), text.size(), MSG_NOSIGNAL);
    sent_ += std::max<ssize_t>(sent, 0);
    return sent == static_cast<ssize_t>(text.size());
  }
  std::string begin_, rest_;
  int socket_ = -1;
  int port_ = 0;
  std::atomic<bool> stop_ = false;
  std::atomic<int> connections_ = 0;
  std::atomic<int64_t> sent_ = 0;
  std::jthread thread_;
};

void expect_left_alone(const HostileBroker& broker) {
  const int64_t before = resident_megabytes();
  int64_t most = before;
  {
    Mqtt mqtt({.host = "127.0.0.1", .port = broker.port(), .topic = "octet"});
    const auto deadline = Clock::now() + seconds(40);
    while (Clock::now() < deadline && broker.connections() < 3) {
      most = std::max(most, resident_megabytes());
      std::this_thread::sleep_for(milliseconds(5));
    }
  }
  EXPECT_GE(broker.connections(), 2) << "it is left, and tried again later";
  EXPECT_LT(most - before, 100);
  EXPECT_LT(broker.sent(), 200 << 20) << "it is not listened to for long";
}

TEST(Mqtt, ABrokerThatNeverReleasesIsLeftAlone) {
  std::string messages;  // PUBLISH, QoS 2, topic "t", of 100 bytes; each with another number
  for (int i = 1; i <= 1000; ++i) {
    const std::string rest = std::string("\0\1t", 3) + static_cast<char>(i >> 8) +
                             static_cast<char>(i & 255) + std::string(100, 'x');
    messages += "\x34" + std::string(1, static_cast<char>(rest.size())) + rest;
  }
  expect_left_alone(HostileBroker("", messages));
}

TEST(Mqtt, APacketOfAQuarterGigabyteIsNotTaken) {
  // PUBLISH, QoS 0, of the largest length there is, topic "t".
  const std::string head("\x30\xff\xff\xff\x7f\0\1t", 8);
  expect_left_alone(HostileBroker(head, std::string(1 << 20, 'x')));
}

TEST(Mqtt, ALatePictureOfASourceThatIsGoneIsDropped) {
  const LoopbackListener nobody = listen_on_loopback();  // accepts, and says nothing
  {
    Mqtt mqtt({.host = "127.0.0.1", .port = nobody.port, .discovery = "homeassistant"});
    std::vector<CameraSummary> cameras(1);
    cameras[0].name = "yard";
    cameras[0].regions = std::make_shared<RegionSpec>();
    mqtt.add(cameras);
    mqtt.add(std::vector<CameraSummary>());
    const int64_t before = mqtt.status().waiting;
    mqtt.add_picture("yard", "late");
    EXPECT_EQ(mqtt.status().waiting, before);
    mqtt.add_picture("door", "of a source that is new");
    EXPECT_EQ(mqtt.status().waiting, before + 1);
  }
  ::close(nobody.socket);
}

}  // namespace
}  // namespace octet
