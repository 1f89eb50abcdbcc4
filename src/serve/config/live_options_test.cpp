#include "serve/config/live_options.h"

#include <gtest/gtest.h>
#include <yaml-cpp/yaml.h>

#include <fstream>
#include <map>
#include <set>

#include "core/file.h"
#include "serve/config/parse.h"
#include "testing/testing.h"

namespace octet {
namespace {

// Any value but the default, for options whose text is not free.
std::string other_value(const LiveOption& option, const std::filesystem::path& secret) {
  static const std::map<std::string, std::string> kValues{
      {"imgsz", "320"},
      {"precision", "f32"},
      {"sources", "door=/dev/video7"},
      {"skip", "auto"},
      {"mqtt.address", "mqtts://me@[::1]:1234/topic"},
      {"http.address", "127.0.0.1:8081"}};
  if (const auto at = kValues.find(option.key); at != kValues.end()) return at->second;
  switch (option.kind) {
    case OptionKind::kFlag:
      return option.default_text() == "true" ? "false" : "true";
    case OptionKind::kInteger:
    case OptionKind::kNumber:
      return number_text(option.range.most);
    case OptionKind::kSecret:
      return secret.string();
    default:
      return "another";
  }
}

class LiveOptionTable : public testing::Test {
 protected:
  LiveOptionTable() { std::ofstream(secret_) << "the secret\n"; }
  TemporaryFolder folder_;
  std::filesystem::path secret_ = folder_ / "secret";
};

TEST_F(LiveOptionTable, NamesAreUniqueAndEveryOptionIsExplained) {
  std::set<std::string> names;
  for (const LiveOption& o : live_options()) {
    EXPECT_TRUE(names.insert(o.name()).second) << o.name();
    if (!o.key.empty() && !o.flag.empty()) {
      EXPECT_TRUE(names.insert(o.flag).second) << o.flag;
    }
    EXPECT_TRUE(o.flag.empty() || o.flag.starts_with("--")) << o.flag;
    EXPECT_GT(o.help.size(), 10U) << o.name();
    const bool number = o.kind == OptionKind::kInteger || o.kind == OptionKind::kNumber;
    EXPECT_EQ(number, o.range.most > o.range.least) << o.name();
    EXPECT_EQ(o.page.name.empty(), o.page.apply == nullptr) << o.name();
    EXPECT_EQ(o.page.name.empty(), o.page.observe == nullptr) << o.name();
    if (o.takes_effect == TakesEffect::kNextFrame) {
      EXPECT_NE(o.page.apply, nullptr) << o.name();
    }
  }
}

// What is set is what is read, and a change of any option is seen, as that option's.
TEST_F(LiveOptionTable, NoChangeEscapes) {
  const LiveConfig before;
  for (const LiveOption& o : live_options()) {
    LiveConfig after;
    o.set(after, other_value(o, secret_));
    EXPECT_NE(o.get(after), o.default_text()) << o.name();
    for (const auto when : {TakesEffect::kNextFrame, TakesEffect::kNextCamera,
                            TakesEffect::kNewModel, TakesEffect::kNextStart}) {
      const std::vector<std::string> expected =
          when == o.takes_effect ? std::vector{o.name()} : std::vector<std::string>{};
      EXPECT_EQ(changed_options(before, after, when), expected);
    }
    LiveConfig again;
    if (o.kind != OptionKind::kSecret) {
      o.set(again, o.get(after));
      EXPECT_EQ(o.get(again), o.get(after)) << o.name();
    }
  }
}

// A file that names nothing means what a command line means that names nothing.
TEST_F(LiveOptionTable, AnOptionHasOneDefault) {
  const LiveConfig named_nothing =
      parse_live_config("model: m\nsources: {a: b.mp4}\n", "box.yaml", "/box");
  for (const LiveOption& o : live_options()) {
    if (o.key == "model" || o.key == "sources") continue;
    EXPECT_EQ(o.get(named_nothing), o.default_text()) << o.name();
  }
  const LiveConfig sinks = parse_live_config(
      "model: m\nsources: {a: b.mp4}\njsonl: {file: x}\nsave: {file: y}\n"
      "events: {folder: z}\n",
      "box.yaml", "/box");
  EXPECT_EQ(sinks.watch.live.jsonl.rotate_bytes, JsonLinesOptions{}.rotate_bytes);
  EXPECT_EQ(sinks.watch.live.save.part_minutes, RecordingOptions{}.part_minutes);
}

// Every key of the table is read from a file, at its place.
TEST_F(LiveOptionTable, EveryKeyIsReadFromAFile) {
  for (const LiveOption& o : live_options()) {
    if (o.key.empty() || o.key == "model" || o.key == "sources") continue;
    const size_t dot = o.key.find('.');
    const std::string value = "\"" + other_value(o, secret_) + "\"";
    const std::string line =
        dot == std::string::npos
            ? o.key + ": " + value
            : o.key.substr(0, dot) + ": {" + o.key.substr(dot + 1) + ": " + value + "}";
    const LiveConfig read = parse_live_config("model: m\nsources: {a: b.mp4}\n" + line + "\n",
                                              "box.yaml", folder_.path());
    EXPECT_NE(o.get(read), o.default_text()) << line;
  }
}

TEST_F(LiveOptionTable, WrongValuesAreRefusedWithWhatIsExpected) {
  for (const LiveOption& o : live_options()) {
    LiveConfig config;
    const auto set = [&](const std::string& text) {
      return error_of([&] { o.set(config, text); });
    };
    if (o.kind == OptionKind::kInteger || o.kind == OptionKind::kNumber) {
      EXPECT_NE(set("often"), "") << o.name();
      EXPECT_NE(set("-1"), "") << o.name();
      EXPECT_NE(set("nan"), "") << o.name();
      EXPECT_NE(set("1e99"), "") << o.name();
    }
    if (o.kind == OptionKind::kFlag) {
      EXPECT_EQ(set("maybe"), "true or false is expected, not maybe") << o.name();
      EXPECT_EQ(set("Yes"), "") << o.name();
    }
    if (o.kind == OptionKind::kText && !o.words.empty()) {
      EXPECT_NE(set("neither"), "") << o.name();
    }
  }
}

TEST_F(LiveOptionTable, SaysWhichOptionsNeedAWatch) {
  LiveConfig file;
  file.cameras = {{.name = "clip", .address = "clip.mp4", .regions = {}}};
  EXPECT_FALSE(needs_watch(file));
  for (const LiveOption& o : live_options()) {
    if (o.kind == OptionKind::kList) continue;
    LiveConfig config = file;
    o.set(config, other_value(o, secret_));
    EXPECT_EQ(needs_watch(config), o.needs == Needs::kWatch) << o.name();
  }
  LiveConfig config = file;
  config.auto_size = true;
  EXPECT_TRUE(needs_watch(config));
  config = file;
  config.cameras.push_back({.name = "other", .address = "other.mp4", .regions = {}});
  EXPECT_TRUE(needs_watch(config));
  config.cameras = {{.name = "stream", .address = "rtsp://camera", .regions = {}}};
  EXPECT_TRUE(needs_watch(config));
}

// What programs are told of /api/settings is what the table takes.
TEST_F(LiveOptionTable, OpenApiDescribesThePagesControls) {
  const std::string folder = OCTET_SOURCE_DIR "/src/serve/http/page/";
  const YAML::Node described =
      YAML::LoadFile(folder + "openapi.yaml")["components"]["schemas"]["Settings"]["properties"];
  const std::string page = read_text_file(folder + "index.html");
  size_t controls = 0;
  for (const LiveOption& o : live_options()) {
    if (o.page.name.empty()) continue;
    ++controls;
    const YAML::Node all = described[o.page.name];
    ASSERT_TRUE(all.IsDefined()) << o.page.name;
    const YAML::Node number = all["oneOf"].IsDefined() ? all["oneOf"][0] : all;
    EXPECT_EQ(number["type"].as<std::string>(),
              o.kind == OptionKind::kInteger ? "integer" : "number")
        << o.page.name;
    if (o.key != "imgsz") {  // there the inputs that were compiled are the choice
      EXPECT_EQ(number["minimum"].as<double>(), o.range.least) << o.page.name;
      EXPECT_EQ(number["maximum"].as<double>(), o.range.most) << o.page.name;
    }
    EXPECT_EQ(all["oneOf"].IsDefined(), !o.words.empty()) << o.page.name;
    if (!o.words.empty()) {
      EXPECT_EQ(all["oneOf"][1]["enum"].as<std::vector<std::string>>(), o.words) << o.page.name;
    }
    EXPECT_NE(page.find("id=\"" + o.page.name + "\""), std::string::npos) << o.page.name;
  }
  EXPECT_EQ(controls, described.size());
}

}  // namespace
}  // namespace octet
