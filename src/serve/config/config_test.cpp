#include "serve/config/config.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <fstream>

#include "serve/config/parse.h"
#include "testing/testing.h"

namespace octet {
namespace {

using testing::HasSubstr;
using testing::Not;

const std::string kWhole = R"(model: models/int8.safetensors
engine: tflite
imgsz: 640x384
threads: 2
precision: f32
conf: 0.4
iou: 0.6
max-age-ms: 250
patience: 2.5
udp: true
skip: auto
sources:
  yard:
    address: rtsp://user:secret@camera/stream
    zones:
      mat: {points: [[0.1, 0.5], [0.4, 0.5], [0.4, 1]], classes: [person, dog], motion: true}
    lines:
      gate: {points: [[0.5, 0.1], [0.5, 0.9]]}
  door: /dev/video0
http: {address: 127.0.0.1:8080}
mqtt: {address: "mqtt://box@broker:1884/home/octet", discovery: homeassistant}
jsonl: {file: out.jsonl, rotate-mb: 10, keep: 3}
events: {folder: events, keep: 50}
save: {file: out.mp4, minutes: 10}
)";

LiveConfig parse(const std::string& text) { return parse_live_config(text, "box.yaml", "/box"); }
std::string error_in(const std::string& text) {
  return error_of([&] { (void)parse(text); });
}

TEST(LiveConfig, IsReadWhole) {
  const LiveConfig c = parse(kWhole);
  EXPECT_EQ(c.detector.model, "/box/models/int8.safetensors");
  EXPECT_EQ(c.detector.engine, "tflite");
  EXPECT_EQ(c.detector.size->size, (Size{640, 384}));
  EXPECT_EQ(c.detector.runtime.threads, 2);
  EXPECT_EQ(c.detector.runtime.precision, Precision::kF32);
  EXPECT_EQ(c.watch.live.decode.score_threshold, 0.4F);
  EXPECT_EQ(c.watch.live.decode.iou_threshold, 0.6F);
  EXPECT_EQ(c.watch.max_age_ms, 250);
  EXPECT_EQ(c.watch.camera.stream.patience, std::chrono::milliseconds(2500));
  EXPECT_TRUE(c.watch.camera.stream.udp);
  EXPECT_EQ(c.watch.skip, kAutoSkip);
  ASSERT_EQ(c.cameras.size(), 2U);
  EXPECT_EQ(c.cameras[0].name, "yard");
  EXPECT_EQ(c.cameras[0].address, "rtsp://user:secret@camera/stream");
  EXPECT_EQ(c.cameras[1].address, "/dev/video0");
  const RegionSpec& regions = c.cameras[0].regions;
  ASSERT_EQ(regions.zones.size(), 1U);
  EXPECT_EQ(regions.zones[0].corners[2], (Point{0.4F, 1}));
  EXPECT_EQ(regions.zones[0].classes, (std::vector<std::string>{"person", "dog"}));
  EXPECT_TRUE(regions.zones[0].motion);
  EXPECT_EQ(regions.lines[0].to, (Point{0.5F, 0.9F}));
  EXPECT_EQ(c.http.address, "127.0.0.1:8080");
  EXPECT_EQ(c.mqtt.host, "broker");
  EXPECT_EQ(c.mqtt.port, 1884);
  EXPECT_EQ(c.mqtt.user, "box");
  EXPECT_EQ(c.mqtt.topic, "home/octet");
  EXPECT_EQ(c.mqtt.discovery, "homeassistant");
  EXPECT_EQ(c.watch.live.jsonl.path, "/box/out.jsonl");
  EXPECT_EQ(c.watch.live.jsonl.rotate_bytes, 10'000'000);
  EXPECT_EQ(c.watch.live.save,
            (RecordingOptions{.path = "/box/out.mp4", .part_minutes = 10, .keep = 5}));
  EXPECT_EQ(c.watch.live.jsonl.keep, 3);
  EXPECT_EQ(c.events.folder, "/box/events");
  EXPECT_EQ(c.events.keep, 50);
}

struct Wrong {
  const char *from, *to, *said;
};

// Every error names the file, the line and what is wrong.
TEST(LiveConfig, SaysWhatIsWrongAndWhere) {
  for (const auto& [from, to, said] : {
           Wrong{"conf: 0.4", "conf: 4", "box.yaml: line 6: conf: a number from 0 to 1"},
           {"conf: 0.4", "cnof: 0.4", "line 6: 'cnof' is not known here; there are"},
           {"iou: 0.6", "conf: 0.5", "line 7: 'conf' is there twice"},
           {"iou: 0.6", "iou: [1]", "line 7: iou: one value"},
           {"imgsz: 640x384", "imgsz: 641", "line 3: imgsz:"},
           {"precision: f32", "precision: f8", "line 5: precision: f32 or auto"},
           {"threads: 2", "threads: 1.5", "line 4: threads:"},
           {"udp: true", "udp: maybe", "line 10: udp: true or false"},
           {"skip: auto", "skip: often", "line 11: skip:"},
           {"[0.4, 1]", "[0.4, 2]", "line 16: a point is expected"},
           {"[0.4, 1]", "x", "line 16: a point is expected"},
           {", [0.4, 1]", "", "line 16: points: 3 or more"},
           {", [0.5, 0.9]", "", "line 18: points: 2 are expected"},
           {"[0.5, 0.1]", "[0.5, 0.9]", "line 18: the two points"},
           {"points: [[0.5", "pionts: [[0.5", "line 18: 'points' is missing"},
           {"mqtt://", "http://", "line 21: address:"},
           {"1884", "99999", "line 21: address:"},
           {"homeassistant", "'home/#'", "line 21: discovery: a topic has no + or #"},
           {"model: models/int8.safetensors", "", "'model' is missing"},
           {"keep: 50", "kept: 50", "line 23: 'kept' is not known"},
           {"keep: 50}", "keep: 50", "is not valid YAML"},
       }) {
    std::string text = kWhole;
    const size_t at = text.find(from);
    ASSERT_NE(at, std::string::npos) << from;
    text.replace(at, std::string(from).size(), to);
    EXPECT_THAT(error_in(text), HasSubstr(said)) << error_in(text);
  }
  EXPECT_THAT(error_in(""), HasSubstr("'model' is missing"));
  EXPECT_THAT(error_in("[1, 2]"), HasSubstr("names and values"));
  for (const char* empty : {"model: x\n\nsources: {}", "model: x\n\nsources:\n#  a: b\nhttp: {}"})
    EXPECT_THAT(error_in(empty), HasSubstr("line 3: 'sources' names no camera")) << empty;
}

// Names become parts of lines, topics and files.
TEST(LiveConfig, NamesAreCleanAndBounded) {
  const LiveConfig c = parse(
      "model: m\nsources:\n  \"a\\nwarning: b\": {address: b.mp4, zones: {\"z\\e[1m\": {points: "
      "[[0, "
      "0], [1, 0], [1, 1]]}}}\n");
  EXPECT_EQ(c.cameras[0].name, "a warning: b");
  EXPECT_EQ(c.cameras[0].regions.zones[0].name, "z\uFFFD[1m");
  LiveConfig many;
  for (int i = 0; i < 64; ++i)
    many.cameras.push_back({.name = std::to_string(i), .address = "a.mp4", .regions = {}});
  EXPECT_EQ(error_of([&] { complete(many); }), "");
  many.cameras.push_back({.name = "64", .address = "a.mp4", .regions = {}});
  EXPECT_THAT(error_of([&] { complete(many); }), HasSubstr("65 are too many; 64 at most"));
  LiveConfig long_name;
  long_name.cameras = {{.name = std::string(201, 'x'), .address = "a.mp4", .regions = {}}};
  EXPECT_THAT(error_of([&] { complete(long_name); }), HasSubstr("201 bytes is too long"));
}

TEST(LiveConfig, ReadsTheOptionsOfASite) {
  const LiveConfig c = parse(
      "model: m\nsources: {a: {address: a.mp4, zones: {door: {points: [[0, 0], [1, 0], [1, 1]], "
      "hide: true}}}}\ndrift: usual.json\ncollect: {folder: kept, keep: 9, per-day: 3, max-mb: "
      "5}\n");
  EXPECT_TRUE(c.cameras[0].regions.zones[0].hide);
  EXPECT_EQ(c.site.drift, "/box/usual.json");
  EXPECT_EQ(
      c.site.collect,
      (CollectOptions{.folder = "/box/kept", .keep = 9, .per_day = 3, .max_bytes = 5'000'000}));
}

TEST(LiveConfig, PeopleNeedAPoseNetwork) {
  LiveConfig c = parse("model: m\nsources: {a: b.mp4}\npose-budget: 12.5\n");
  EXPECT_EQ(c.watch.people, (PeopleOptions{.budget_ms = 12.5}));
  EXPECT_THAT(error_of([&] { complete(c); }), HasSubstr("give --pose NET"));
  c.pose = "net.onnx";
  EXPECT_EQ(error_of([&] { complete(c); }), "");
  EXPECT_THAT(error_of([] { (void)parse("model: m\nsources: {a: b.mp4}\nmax-people: 0\n"); }),
              HasSubstr("line 3: max-people: a whole number from 1 to 1000 is expected"));
}

TEST(LiveConfig, DiscoveryNeedsABroker) {
  LiveConfig c = parse("model: m\nsources: {a: b.mp4}\nmqtt: {discovery: homeassistant}\n");
  EXPECT_THAT(error_of([&] { complete(c); }), HasSubstr("--mqtt-discovery: it needs a broker"));
  c.mqtt.host = "broker";
  EXPECT_EQ(error_of([&] { complete(c); }), "");
}

TEST(LiveConfig, NothingIsWrittenOverWhatIsRead) {
  const TemporaryFolder folder;
  for (const char* name : {"m.pt", "a.mp4"}) std::ofstream(folder / name) << "x";
  std::filesystem::create_directory(folder / "in");
  std::ofstream(folder / "in/b.jpg") << "x";
  std::filesystem::create_symlink(folder / "a.mp4", folder / "link.mp4");
  const auto message = [&](const std::string& source, const auto& write) {
    LiveConfig config;
    config.detector.model = folder / "m.pt";
    config.cameras = {{.name = "a", .address = folder / source, .regions = {}}};
    write(config.watch.live);
    return error_of([&] { complete(config); });
  };
  const auto save = [&](const char* name) {
    return [&folder, name](LiveOptions& live) { live.save.path = folder / name; };
  };
  const auto snapshot = [&](const char* name) {
    return [&folder, name](LiveOptions& live) { live.snapshot = folder / name; };
  };
  EXPECT_EQ(message("a.mp4", save("out.mp4")), "");
  EXPECT_EQ(message("in", snapshot("in/new.jpg")), "");
  EXPECT_THAT(message("a.mp4", save("a.mp4")), HasSubstr("a.mp4 would be overwritten"));
  EXPECT_THAT(message("link.mp4", save("a.mp4")), HasSubstr("would be overwritten"));
  EXPECT_THAT(message("a.mp4", snapshot("m.pt")), HasSubstr("--snapshot"));
  EXPECT_THAT(message("in", snapshot("in/b.jpg")), HasSubstr("would be overwritten"));
}

TEST(LiveConfig, ASecondDocumentIsNotIgnored) {
  EXPECT_THAT(error_in(kWhole + "---\nconf: 0.5\n"), HasSubstr("second YAML document"));
}

TEST(LiveConfig, SecretsAreInFiles) {
  const TemporaryFolder folder;
  std::ofstream(folder / "password") << "from the file\nno more\n";
  const LiveConfig c = parse_live_config(
      "model: m\nsources: {a: b.mp4}\nmqtt: {address: mqtt://me@host, password: password}\n",
      "box.yaml", folder.path());
  EXPECT_EQ(c.mqtt.password, "from the file");
  EXPECT_THAT(error_of([] { (void)read_secret(""); }), HasSubstr("a file is expected"));
  for (const char* nothing : {"", "\n", "\nthe second line\n", " \t\r\nx", "\r\n"}) {
    std::ofstream(folder / "token") << nothing;
    EXPECT_THAT(error_of([&] {
                  (void)parse_live_config(
                      "model: m\nsources: {a: b.mp4}\nhttp: {address: \":80\", token: token}\n",
                      "box.yaml", folder.path());
                }),
                HasSubstr("token: a secret is expected on its first line"));
  }
  EXPECT_THAT(error_of([] { (void)parse_mqtt("mqtt://me:secret@host"); }),
              HasSubstr("--mqtt-password"));
  for (const char* wrong : {"mqtt://me:secret@host", "http://me:secret@host", "mqtt://me:secret@",
                            "me:secret@host", "mqtt://me:a/secret@host"})
    EXPECT_THAT(error_of([&] { (void)parse_mqtt(wrong); }), Not(HasSubstr("secret")));
}

TEST(Mqtt, AddressesAreParsed) {
  const MqttOptions o = parse_mqtt("mqtts://[::1]");
  EXPECT_EQ(o.host, "::1");
  EXPECT_EQ(o.port, 8883);
  EXPECT_TRUE(o.tls);
  EXPECT_EQ(o.topic, "octet");
  for (const char* wrong : {"", "host", "mqtt://", "mqtt://:1883", "mqtt://a:x", "mqtt://a:0",
                            "mqtt://a/b/#", "mqtt://a/b\n", "mqtt://a/\xff"})
    EXPECT_NE(error_of([&] { (void)parse_mqtt(wrong); }), "") << wrong;
}

}  // namespace
}  // namespace octet
