// The service and a real broker of MQTT.
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <mosquitto.h>
#include <poll.h>

#include <fstream>
#include <map>
#include <nlohmann/json.hpp>
#include <set>

#include "serve/config/parse.h"
#include "serve/mqtt/mqtt.h"
#include "serve/service.h"
#include "testing/testing.h"
#include "tools/child_process.h"
#include "tools/service_testing.h"

namespace octet {
namespace {

using nlohmann::json;
using std::chrono::milliseconds;
using std::chrono::seconds;
using testing::HasSubstr;

// Passes bytes on between who connects and a port, until it is cut.
class Wire {
 public:
  explicit Wire(int to) : to_(to), listener_(::socket(AF_INET, SOCK_STREAM, 0)) {
    sockaddr_in address = loopback(0);
    socklen_t size = sizeof(address);
    ::bind(listener_, reinterpret_cast<sockaddr*>(&address), size);
    ::getsockname(listener_, reinterpret_cast<sockaddr*>(&address), &size);
    port_ = ntohs(address.sin_port);
    ::listen(listener_, 8);
    thread_ = std::jthread([this](const std::stop_token& stop) { run(stop); });
  }
  ~Wire() {
    thread_.request_stop();
    thread_.join();
    ::close(listener_);
  }
  Wire(const Wire&) = delete;
  Wire& operator=(const Wire&) = delete;
  [[nodiscard]] int port() const { return port_; }
  void cut() { cut_ = true; }

 private:
  static sockaddr_in loopback(int port) {
    return {.sin_family = AF_INET,
            .sin_port = htons(static_cast<uint16_t>(port)),
            .sin_addr = {htonl(INADDR_LOOPBACK)}};
  }
  void run(const std::stop_token& stop) {
    while (!stop.stop_requested()) {
      pollfd waiting{.fd = listener_, .events = POLLIN, .revents = 0};
      if (::poll(&waiting, 1, 50) <= 0) continue;
      const int ends[2] = {::accept(listener_, nullptr, nullptr),
                           ::socket(AF_INET, SOCK_STREAM, 0)};
      const sockaddr_in address = loopback(to_);
      cut_ = false;
      if (::connect(ends[1], reinterpret_cast<const sockaddr*>(&address), sizeof(address)) == 0) {
        while (!stop.stop_requested() && !cut_ && pass(ends)) {
        }
      }
      for (const int end : ends) ::close(end);
    }
  }
  static bool pass(const int (&ends)[2]) {
    pollfd waiting[2] = {{ends[0], POLLIN, 0}, {ends[1], POLLIN, 0}};
    if (::poll(waiting, 2, 10) < 0) return false;
    for (int i = 0; i < 2; ++i) {
      if (waiting[i].revents == 0) continue;
      char bytes[4096];
      const ssize_t got = ::read(ends[i], bytes, sizeof(bytes));
      if (got <= 0 || ::send(ends[1 - i], bytes, static_cast<size_t>(got), MSG_NOSIGNAL) != got)
        return false;
    }
    return true;
  }

  int to_, listener_, port_ = 0;
  std::atomic<bool> cut_ = false;
  std::jthread thread_;
};

// Hears all that a broker is told.
class Listener {
 public:
  explicit Listener(int port) : client_(mosquitto_new(nullptr, true, this)) {
    mosquitto_connect_callback_set(
        client_, [](mosquitto* c, void*, int) { mosquitto_subscribe(c, nullptr, "#", 1); });
    mosquitto_subscribe_callback_set(client_, [](mosquitto*, void* self, int, int, const int*) {
      static_cast<Listener*>(self)->ready_ = true;
    });
    mosquitto_message_callback_set(
        client_, [](mosquitto*, void* self, const mosquitto_message* message) {
          auto* listener = static_cast<Listener*>(self);
          const std::scoped_lock lock(listener->mutex_);
          listener->messages_[message->topic].emplace_back(
              static_cast<const char*>(message->payload), static_cast<size_t>(message->payloadlen));
        });
    // The broker may not have begun to listen.
    wait_until([&] { return mosquitto_connect(client_, "127.0.0.1", port, 60) == 0; });
    mosquitto_loop_start(client_);
    wait_until([&] { return ready_.load(); });
  }
  ~Listener() {
    mosquitto_disconnect(client_);
    mosquitto_loop_stop(client_, false);
    mosquitto_destroy(client_);
  }
  Listener(const Listener&) = delete;
  Listener& operator=(const Listener&) = delete;

  [[nodiscard]] std::vector<std::string> heard(const std::string& topic) {
    const std::scoped_lock lock(mutex_);
    return messages_[topic];
  }
  // Of one topic, without what came twice.
  [[nodiscard]] size_t different(const std::string& topic) {
    const auto all = heard(topic);
    return std::set(all.begin(), all.end()).size();
  }

 private:
  mosquitto* client_;
  std::atomic<bool> ready_ = false;
  std::mutex mutex_;
  std::map<std::string, std::vector<std::string>> messages_;
};

class Broker : public testing::Test {
 protected:
  void SetUp() override {
    mosquitto_lib_init();
    if (std::system("PATH=$PATH:/usr/sbin command -v mosquitto >/dev/null") != 0)
      GTEST_SKIP() << "mosquitto is not installed";
    std::ofstream(folder_ / "conf") << "listener " << port_ << " 127.0.0.1\nallow_anonymous true\n";
    process_.emplace(std::vector<std::string>{
        "sh", "-c",
        "PATH=$PATH:/usr/sbin exec mosquitto -c " + (folder_ / "conf").string() + " 2>/dev/null"});
    listener_.emplace(port_);
  }
  TemporaryFolder folder_;
  int port_ = free_port();
  std::optional<ChildProcess> process_;
  std::optional<Listener> listener_;
};

TEST_F(Broker, HearsResultsAndStates) {
  LiveConfig config{.detector = tiny(),
                    .cameras = {{.name = "a/b", .address = kClip}},
                    .mqtt = parse_mqtt(fmt::format("mqtt://127.0.0.1:{}/test", port_))};
  config.watch.live.decode.score_threshold = 1e-5F;
  config.watch.live.max_frames = 40;
  config.watch.camera.realtime = true;
  complete(config);
  const ServiceSummary s = run_service(config, {});
  EXPECT_EQ(s.watch.all.detected, 40);
  EXPECT_EQ(s.mqtt->lost, 0);
  EXPECT_TRUE(wait_until([&] { return listener_->different("test/a%2Fb/result") == 40; }))
      << listener_->different("test/a%2Fb/result");
  EXPECT_GE(json::parse(listener_->heard("test/a%2Fb/result")[7])["frame"], 7);
  EXPECT_EQ(json::parse(listener_->heard("test/a%2Fb/state").at(0))["state"], "up");
  (void)wait_until([&] { return listener_->heard("test/available").size() >= 2; });
  EXPECT_EQ(listener_->heard("test/available"), (std::vector<std::string>{"online", "offline"}));
}

// What a program like Home Assistant finds that comes later, by the topics that the description names.
TEST_F(Broker, HomeAssistantFindsSourcesZonesAndPictures) {
  const Zone everywhere{
      .name = "every where", .corners = {{0, 0}, {1, 0}, {1, 1}, {0, 1}}, .classes = {"person"}};
  LiveConfig config{.detector = {.model = OCTET_SOURCE_DIR "/samples/yolov8n-int8.safetensors",
                                 .size = SizeOption{.size = {320, 320}}},
                    .cameras = {{"a/b", kClip, {.zones = {everywhere}, .lines = {}}}},
                    .mqtt = parse_mqtt(fmt::format("mqtt://127.0.0.1:{}/test", port_))};
  config.mqtt.discovery = "homeassistant";
  config.watch.live.max_frames = 200;
  complete(config);
  EXPECT_EQ(run_service(config, {}).mqtt->lost, 0);

  Listener late(port_);
  const std::string described = "homeassistant/device/test--a-2Fb/config";
  ASSERT_TRUE(wait_until([&] { return !late.heard(described).empty(); }));
  const json entities = json::parse(late.heard(described)[0])["components"];
  const auto newest = [&](const std::string& topic) {
    EXPECT_TRUE(wait_until([&] { return !late.heard(topic).empty(); })) << topic;
    return late.heard(topic).at(0);
  };
  for (const json& entity : entities) {
    const char* topic = entity["platform"] == "image" ? "image_topic" : "state_topic";
    EXPECT_NE(newest(entity[topic]), "");
    for (const json& available : entity["availability"])
      EXPECT_NE(newest(available["topic"]), "") << available;
  }
  EXPECT_EQ(newest("test/available"), "offline");
  EXPECT_EQ(newest(entities["picture"]["image_topic"]).substr(0, 3), "\xff\xd8\xff");
  const auto counts = listener_->heard(entities["count-every-20where"]["state_topic"]);
  EXPECT_THAT(counts, testing::Contains(R"({"count":0,"occupied":false})"));
  EXPECT_THAT(counts, testing::Contains(HasSubstr(R"("occupied":true)")));
}

// All that is published in turns is published at the end, too.
TEST_F(Broker, ASourceThatEndsAtOnceIsDescribed) {
  LiveConfig config{.detector = tiny(),
                    .cameras = {{.name = "short", .address = kClip}},
                    .mqtt = parse_mqtt(fmt::format("mqtt://127.0.0.1:{}/test", port_))};
  config.mqtt.discovery = "homeassistant";
  config.watch.live.max_frames = 2;
  complete(config);
  EXPECT_EQ(run_service(config, {}).mqtt->lost, 0);
  EXPECT_TRUE(wait_until(
      [&] { return !listener_->heard("homeassistant/device/test--short/config").empty(); }));
  EXPECT_FALSE(listener_->heard("test/short/state").empty());
}

TEST_F(Broker, SaysOfflineWhenTheConnectionBreaks) {
  Wire wire(port_);
  const Mqtt mqtt({.host = "127.0.0.1", .port = wire.port(), .topic = "will"});
  const auto heard = [&](const std::vector<std::string>& all) {
    return wait_until([&] { return listener_->heard("will/available") == all; });
  };
  EXPECT_TRUE(heard({"online"}));
  wire.cut();
  EXPECT_TRUE(heard({"online", "offline", "online"})) << "by its last will, and again there";
}

TEST_F(Broker, WhatIsCountedAsDeliveredArrivedThoughTheWireIsCut) {
  Wire wire(port_);
  Mqtt mqtt({.host = "127.0.0.1", .port = wire.port(), .topic = "cut"});
  for (int64_t frame = 0; frame < 600; ++frame) {
    if (frame % 200 == 100) wire.cut();
    StreamResult r = result(frame);
    if (frame % 50 == 0) r.events = {{.region = "mat", .class_name = "dog", .track = frame}};
    mqtt.add(std::make_shared<const StreamResult>(r));
    std::this_thread::sleep_for(milliseconds(5));
  }
  EXPECT_TRUE(wait_until([&] { return mqtt.status().waiting == 0; }, seconds(40)));
  const MqttStatus status = mqtt.finish();
  EXPECT_EQ(status.delivered + status.lost, 612);
  EXPECT_EQ(status.lost, 0) << "all of it fits into what may wait";
  EXPECT_TRUE(wait_until([&] { return listener_->different("cut/camera/result") == 600; }))
      << listener_->different("cut/camera/result");
  EXPECT_TRUE(wait_until([&] { return listener_->different("cut/camera/event") == 12; }));
  const json event = json::parse(listener_->heard("cut/camera/event")[0]);
  EXPECT_EQ(event["event"], "entered");
  EXPECT_EQ(event["region"], "mat");
}

TEST_F(Broker, WhatDoesNotFitIsLostAndCounted) {
  listener_.reset();
  process_->kill();
  std::optional<Mqtt> mqtt;
  mqtt.emplace(MqttOptions{.host = "127.0.0.1", .port = port_, .topic = "late"});
  for (int64_t frame = 0; frame < 3000; ++frame)
    mqtt->add(std::make_shared<const StreamResult>(result(frame)));
  const MqttStatus away = mqtt->status();
  EXPECT_FALSE(away.connected);
  EXPECT_EQ(away.waiting + away.lost, 3000);
  EXPECT_GT(away.lost, 1000);
  process_->start();  // it was not there at the beginning
  listener_.emplace(port_);
  EXPECT_TRUE(wait_until([&] { return mqtt->status().waiting == 0; }, seconds(40)));
  EXPECT_TRUE(wait_until([&] {
    return listener_->different("late/camera/result") ==
           static_cast<size_t>(mqtt->status().delivered);
  }));
  EXPECT_EQ(mqtt->status().delivered + mqtt->status().lost, 3000);
  const auto began = Clock::now();
  process_->kill();
  mqtt.reset();
  EXPECT_LT(Clock::now() - began, seconds(5)) << "a broker that is away does not hold up the end";
}

}  // namespace
}  // namespace octet
