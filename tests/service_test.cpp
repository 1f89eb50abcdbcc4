// What surrounds a watch, against real parts: a broker of MQTT, files that change.
#include "serve/service.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <mosquitto.h>
#include <poll.h>

#include <fstream>
#include <future>
#include <map>
#include <nlohmann/json.hpp>
#include <set>

#include "core/file.h"
#include "core/process.h"
#include "serve/config/parse.h"
#include "serve/mqtt/mqtt.h"
#include "serve/reloader.h"
#include "testing/testing.h"
#include "tools/child_process.h"

namespace octet {
namespace {

using testing::HasSubstr;

using nlohmann::json;
using std::chrono::milliseconds;
using std::chrono::seconds;

const std::string kClip = OCTET_SOURCE_DIR "/samples/person.mp4";
const std::string kModel = OCTET_SOURCE_DIR "/tests/data/checkpoints/v8.4.190-detect3.pt";

DetectorOptions tiny() {
  return {.model = kModel, .size = SizeOption{.size = {64, 64}}, .source = Size{768, 432}};
}

template <typename Condition>
bool wait_until(Condition condition, seconds at_most = seconds(20)) {
  const auto deadline = Clock::now() + at_most;
  while (!condition()) {
    if (Clock::now() > deadline) return false;
    std::this_thread::sleep_for(milliseconds(10));
  }
  return true;
}

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

// Results as a camera would give them.
StreamResult result(int64_t frame) {
  return {.camera = "camera",
          .frame = frame,
          .class_names = std::make_shared<const std::vector<std::string>>()};
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

// Every frame of many pictures, while cameras and the model change again and again.
TEST(WatchChange, LosesNoFrame) {
  const TemporaryFolder folder;
  for (const char* name : {"a", "b"}) {
    make_folder(folder / name);
    for (int i = 0; i < 300; ++i)
      std::filesystem::create_symlink(OCTET_SOURCE_DIR "/samples/coco/images/val/000000000785.jpg",
                                      folder / name / fmt::format("{:03}.jpg", i));
  }
  const CameraSpec a{"a", folder / "a", {}}, b{"b", folder / "b", {}};
  WatchOptions options;
  options.camera.complete = true;
  options.live.jsonl.path = folder / "out.jsonl";
  int results = 0, changes = 0;
  Watch* running = nullptr;
  options.on_result = [&](const SharedResult&, const Picture&) {
    if (++results % 25 != 0) return;
    WatchChange change{.cameras = {a, b}, .camera = options.camera};
    if (++changes % 2 == 0) std::swap(change.cameras[0], change.cameras[1]);
    change.cameras[0].regions.lines = {{.name = fmt::to_string(changes), .to = {1, 1}}};
    change.attention.track = changes % 3 == 0;
    change.detectors = only(std::make_unique<Detector>(tiny()));
    std::async([&] { running->change(std::move(change)); }).get();  // another thread's wish
  };
  Watch watch({a, b}, options);
  running = &watch;
  const WatchSummary summary = watch.run(only(std::make_unique<Detector>(tiny())));
  EXPECT_EQ(changes, 24);
  EXPECT_EQ(summary.all.detected, 600);
  std::map<std::string, int> next;
  std::ifstream lines(folder / "out.jsonl");
  for (std::string line; std::getline(lines, line);) {
    const json j = json::parse(line);
    EXPECT_EQ(j["frame"], next[j["source"]]++);
  }
  EXPECT_EQ(next, (std::map<std::string, int>{{"a", 300}, {"b", 300}}));
}

// Tracks of a model of three classes are none of one that has a single class, and keypoints.
TEST(WatchChange, AnotherModelBeginsWithNewObjects) {
  WatchOptions options;
  options.camera.complete = true;
  options.attention.track = true;
  options.skip = 3;
  options.live.decode.score_threshold = 1e-4F;
  options.live.max_frames = 80;
  int results = 0, wrong = 0;
  std::set<size_t> classes;
  Watch* running = nullptr;
  options.on_result = [&](const SharedResult& result, const Picture&) {
    const Detections& found = result->detections;
    for (const Detection& d : found.items)
      wrong += d.class_index >= static_cast<int>(result->class_names->size()) ? 1 : 0;
    const size_t points = result->class_names->size() == 1 ? 17 : 0;
    wrong += found.keypoints.size() != points * found.items.size() ? 1 : 0;
    if (!found.items.empty()) classes.insert(result->class_names->size());
    if (++results % 10 != 0) return;
    DetectorOptions next = tiny();
    if (results % 20 == 10)
      next.model = OCTET_SOURCE_DIR "/tests/data/checkpoints/v8.4.190-pose1-half-ema.pt";
    running->change({.cameras = {{"clip", kClip, {}}},
                     .camera = options.camera,
                     .attention = options.attention,
                     .detectors = only(std::make_unique<Detector>(next))});
  };
  Watch watch({{"clip", kClip, {}}}, options);
  running = &watch;
  (void)watch.run(only(std::make_unique<Detector>(tiny())));
  EXPECT_EQ(results, 80);
  EXPECT_EQ(classes, (std::set<size_t>{1, 3})) << "each found something";
  EXPECT_EQ(wrong, 0);
}

// With a share of the processor that cannot be held, less and less is looked at.
TEST(Goals, AreHeldByDoingLess) {
  WatchOptions options;
  options.camera.realtime = true;
  options.attention.track = true;
  options.goals.cpu_share = 1e-6;
  Watch watch({{"clip", kClip, {}}}, options);
  Detectors detectors;
  for (const int side : {128, 64}) {
    DetectorOptions detector = tiny();
    detector.size = SizeOption{.size = {side, side}};
    detectors.push_back(std::make_unique<Detector>(detector));
  }
  std::jthread runner([&] { (void)watch.run(std::move(detectors)); });
  EXPECT_TRUE(wait_until([&] {
    const auto status = watch.governor();
    return status && status->skip > 0 && watch.inputs().now == 1;
  }));
  EXPECT_NE(watch.governor()->reason, "");
  EXPECT_TRUE(wait_until([&] { return watch.cameras()[0].tally.tracked > 0; }));
  watch.controls().side = 128;  // is held, whatever the goals want
  EXPECT_TRUE(wait_until([&] { return watch.inputs().now == 0; }));
  EXPECT_EQ(watch.inputs().sizes, (std::vector<Size>{{128, 96}, {64, 64}}));
  watch.controls().side = 0;
  EXPECT_TRUE(wait_until([&] { return watch.inputs().now == 1; }));
  watch.stop();
}

TEST(Watch, SkipsAsItIsTold) {
  WatchOptions options;
  options.camera.realtime = true;
  Watch watch({{"clip", kClip, {}}}, options);
  std::jthread runner([&] { (void)watch.run(only(std::make_unique<Detector>(tiny()))); });
  EXPECT_TRUE(wait_until([&] { return watch.cameras()[0].tally.detected > 2; }));
  EXPECT_EQ(watch.cameras()[0].tally.tracked, 0);
  watch.controls().skip = 3;
  EXPECT_TRUE(wait_until([&] { return watch.cameras()[0].tally.tracked > 2; }));
  watch.stop();
}

TEST(WatchChange, CamerasComeAndGo) {
  WatchOptions options;
  options.camera.realtime = true;
  Watch watch({{"first", kClip, {}}}, options);
  const int64_t first = watch.cameras()[0].id;
  std::jthread runner([&] { (void)watch.run(only(std::make_unique<Detector>(tiny()))); });
  const auto detected = [&](const std::string& name) {
    for (const CameraSummary& c : watch.cameras())
      if (c.name == name) return c.tally.detected;
    return int64_t{-1};
  };
  EXPECT_TRUE(wait_until([&] { return detected("first") > 2; }));
  const int64_t before = detected("first");
  watch.change(
      {.cameras = {{"second", kClip, {}}, {"first", kClip, {}}}, .camera = options.camera});
  EXPECT_TRUE(wait_until([&] { return detected("second") > 2; }));
  EXPECT_GE(detected("first"), before) << "it went on";
  watch.change({.cameras = {{"second", kClip, {}}}, .camera = options.camera});
  EXPECT_TRUE(wait_until([&] { return detected("first") == -1; }));
  EXPECT_NE(watch.cameras()[0].id, first);
  watch.stop();
}

TEST(Reload, TakesWhatIsRightAndKeepsTheRestAsItWas) {
  const TemporaryFolder folder;
  const auto model = folder / "model.pt", file = folder / "box.yaml";
  std::filesystem::copy_file(kModel, model);
  const auto configure = [&](const std::string& conf) {
    write_text_file(file, fmt::format("model: model.pt\nimgsz: 64\nrealtime: true\nconf: {}\n"
                                      "sources: {{clip: {}}}\n",
                                      conf, kClip));
  };
  configure("0.5");
  const LiveConfig config = read_live_config(file);
  Watch watch(config.cameras, config.watch);
  std::jthread runner([&] { (void)watch.run(only(std::make_unique<Detector>(tiny()))); });
  const Reloader reloader(file, config, {768, 432}, watch);
  configure("0.25");
  EXPECT_TRUE(wait_until([&] { return watch.controls().confidence == 0.25; }));
  EXPECT_TRUE(wait_until([&] { return reloader.status().times == 1; }));

  configure("a lot");
  EXPECT_TRUE(wait_until([&] { return !reloader.status().error.empty(); }));
  EXPECT_THAT(reloader.status().error, HasSubstr("box.yaml: line 4: conf"));
  EXPECT_EQ(watch.controls().confidence, 0.25);
  configure("0.75");
  EXPECT_TRUE(wait_until([&] { return reloader.status().times == 2; }));
  EXPECT_EQ(reloader.status().error, "");

  write_text_file(model, "no model");
  EXPECT_TRUE(wait_until([&] { return !reloader.status().error.empty(); }));
  EXPECT_THAT(reloader.status().error, HasSubstr("model.pt"));
  std::filesystem::copy_file(kModel, folder / "next.pt");
  std::filesystem::rename(folder / "next.pt", model);
  EXPECT_TRUE(wait_until([&] { return reloader.status().times == 3; }));

  (void)take_reload_request();  // SIGHUP is heard from now on
  ::raise(SIGHUP);
  EXPECT_TRUE(wait_until([&] { return reloader.status().times == 4; }));
  const int64_t before = watch.cameras()[0].tally.detected;
  EXPECT_TRUE(wait_until([&] { return watch.cameras()[0].tally.detected > before; }));
  watch.stop();
}

// Whoever may change the configuration of a running program cannot have it run a library.
TEST(Reload, ADelegateIsTakenAtTheStartOnly) {
  const TemporaryFolder folder;
  const auto model = folder / "model.pt", file = folder / "box.yaml";
  std::filesystem::copy_file(kModel, model);
  const auto configure = [&](const std::string& more) {
    write_text_file(file, fmt::format("model: model.pt\nimgsz: 64\nrealtime: true\n{}"
                                      "sources: {{clip: {}}}\n",
                                      more, kClip));
  };
  configure("");
  const LiveConfig config = read_live_config(file);
  Watch watch(config.cameras, config.watch);
  std::jthread runner([&] { (void)watch.run(only(std::make_unique<Detector>(tiny()))); });
  const Reloader reloader(file, config, {768, 432}, watch);
  configure("threads: 1\ndelegate: /no/such/library.so\n");  // a change that compiles anew
  EXPECT_TRUE(wait_until([&] { return reloader.status().times == 1; })) << reloader.status().error;
  watch.stop();
}

TEST(Reload, TooManySourcesAndWhatIsNoCameraChangeNothing) {
  const TemporaryFolder folder;
  const auto file = folder / "box.yaml";
  const auto configure = [&](const std::string& sources) {
    write_text_file(file, "model: " + kModel + "\nimgsz: 64\nrealtime: true\nsources: {" + sources +
                              "clip: " + kClip + "}\n");
  };
  configure("");
  const LiveConfig config = read_live_config(file);
  Watch watch(config.cameras, config.watch);
  std::jthread runner([&] { (void)watch.run(only(std::make_unique<Detector>(tiny()))); });
  const Reloader reloader(file, config, {768, 432}, watch);
  std::string many;
  for (int i = 0; i < 3000; ++i) many += fmt::format("c{}: rtsp://127.0.0.1:9/{}, ", i, i);
  for (const auto& [sources, said] :
       {std::pair{many, "3001 are too many"},
        {std::string("door: /dev/null, "), "is no camera"},
        {std::string("door: file:///etc/passwd, "), "a file is named by its path alone"}}) {
    configure(sources);
    EXPECT_TRUE(wait_until([&, word = said] {
      return reloader.status().error.find(word) != std::string::npos;
    })) << reloader.status().error;
  }
  EXPECT_EQ(watch.cameras().size(), 1U);
  watch.stop();
}

TEST(JsonLines, RotateAndAreWhole) {
  const TemporaryFolder folder;
  const JsonLinesOptions options{.path = folder / "out.jsonl", .rotate_bytes = 1000, .keep = 2};
  std::ofstream(options.path) << "{\"frame\":-1}\n{\"fra";  // the power failed in a line
  {
    JsonLines lines(options);
    for (int64_t frame = 0; frame < 40; ++frame) lines.write(result(frame));
  }
  int64_t last = -2;
  for (const char* name : {"out.2.jsonl", "out.1.jsonl", "out.jsonl"}) {
    EXPECT_LE(std::filesystem::file_size(folder / name), 1000U);
    std::ifstream file(folder / name);
    for (std::string line; std::getline(file, line);) {
      const auto frame = json::parse(line)["frame"].get<int64_t>();
      EXPECT_TRUE(last == -2 || frame == last + 1) << frame;
      last = frame;
    }
  }
  EXPECT_EQ(last, 39);
  EXPECT_FALSE(std::filesystem::exists(folder / "out.3.jsonl"));
}

}  // namespace
}  // namespace octet
