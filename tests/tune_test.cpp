// octet tune from a clip to a configuration that octet live takes.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <filesystem>
#include <nlohmann/json.hpp>

#include "core/file.h"
#include "core/folder.h"
#include "run_octet.h"

namespace octet {
namespace {

using testing::AnyOf;
using testing::HasSubstr;
namespace fs = std::filesystem;
using nlohmann::json;

class Tune : public testing::Test {
 protected:
  [[nodiscard]] std::string at(const std::string& name) const { return (folder_ / name).string(); }
  // With a cache and a state of its own, and so a lock of its own.
  [[nodiscard]] Outcome run(const std::string& arguments) const {
    return run_shell("XDG_CACHE_HOME=" + at("cache") + " TMPDIR=" + at("") +
                     " " OCTET_BIN_DIR "/octet tune " + arguments);
  }
  [[nodiscard]] std::string usual() const {
    return "--model " + kModel + " --source " + kClip + " --budget 20s -o " + at("live.yaml") +
           " --sysfs " + at("sys") + " ";
  }

  const std::string kModel = kSource + "/samples/yolov8n-int8.safetensors";
  const std::string kClip = kSource + "/samples/person.mp4";
  TemporaryFolder folder_;
};

TEST_F(Tune, WritesWhatLiveTakes) {
  make_folder(folder_ / "sys/class/thermal/thermal_zone0");
  write_text_file(folder_ / "sys/class/thermal/thermal_zone0/temp", "54000\n");
  make_folder(folder_ / "sys/class/thermal/thermal_zone1");
  write_text_file(folder_ / "sys/class/thermal/thermal_zone1/temp", "0\n");
  const Outcome done = run(usual() + "--target-fps 2 --imgsz 320,256 --json");
  ASSERT_EQ(done.status, 0) << done.err;
  const json j = json::parse(done.out);
  const json& chosen = j["chosen"];
  EXPECT_EQ(j["met"], true) << done.out;
  EXPECT_EQ(chosen["model"], kModel);
  EXPECT_GE(chosen["fps"].get<double>(), 2);
  EXPECT_THAT(chosen["accuracy_kind"],
              HasSubstr("agreement with yolov8n-int8.safetensors at 320x"));
  EXPECT_GT(chosen["accuracy"].get<double>(), 0.2);
  EXPECT_GE(j["tried"].size(), 1U);
  EXPECT_GT(j["seen"]["fps"].get<double>(), 0);
  EXPECT_EQ(j["heat"]["last_celsius"], 54);
  EXPECT_EQ(j["heat"]["ignored_sensors"].size(), 1U);
  EXPECT_THAT(done.err, HasSubstr("a sensor is ignored: thermal_zone1 says 0 °C"));
  const std::string page = read_text_file(j["report"].get<std::string>());
  for (const char* part : {"Take yolov8n-int8", "Predicted and seen", "Every point", "Not tried"})
    EXPECT_THAT(page, HasSubstr(part));
  const std::string config = read_text_file(folder_ / "live.yaml");
  for (const char* part : {"# Goal: 2 detections a second", "# Seen for ", "engine: ", "imgsz: ",
                           "threads: ", "fits this source", "realtime: true"})
    EXPECT_THAT(config, HasSubstr(part));
  const Outcome live = run_octet("live --config " + at("live.yaml") + " --seconds 0.5 --json");
  ASSERT_EQ(live.status, 0) << live.err;
  const json seen = json::parse(live.out);
  EXPECT_EQ(seen["imgsz"], chosen["imgsz"]);
  EXPECT_GT(seen["cpu_percent"].get<double>(), 0);
  for (const fs::path& left : list_folder(folder_.path()))
    EXPECT_FALSE(left.filename().string().starts_with("octet-tune.")) << left;
}

TEST_F(Tune, NamesTheNearestWhereNothingHolds) {
  write_text_file(folder_ / "live.yaml", "# mine\n");
  const Outcome done = run(usual() + "--max-age-ms 1 --imgsz 256 --json");
  EXPECT_EQ(done.status, 1);
  EXPECT_THAT(done.err, HasSubstr("the nearest is yolov8n-int8.safetensors at 256x"));
  EXPECT_THAT(done.err, AnyOf(HasSubstr("octet compress --speedup"),
                              HasSubstr("decoding a frame takes")));  // as slow as this machine is
  const json j = json::parse(done.out);
  EXPECT_EQ(j["met"], false);
  EXPECT_THAT(read_text_file(folder_ / "live.yaml"), HasSubstr("engine: "))
      << "the nearest is written";
  EXPECT_EQ(read_text_file(folder_ / "live.1.yaml"), "# mine\n");
}

// A sensor that always says 5 W.
TEST_F(Tune, HoldsTheWattsOfAMeter) {
  make_folder(folder_ / "sys/class/hwmon/hwmon0");
  write_text_file(folder_ / "sys/class/hwmon/hwmon0/name", "ina219\n");
  write_text_file(folder_ / "sys/class/hwmon/hwmon0/power1_input", "5000000\n");
  const Outcome none = run(usual() + "--watts 4 --imgsz 128 --json");
  EXPECT_EQ(none.status, 1);
  EXPECT_THAT(none.err, HasSubstr("already uses 5.0 watts, by its ina219"));
  const Outcome done = run(usual() + "--watts 8 --imgsz 128 --engine tflite --json");
  ASSERT_EQ(done.status, 0) << done.err;
  const json j = json::parse(done.out);
  EXPECT_EQ(j["met"], true);
  EXPECT_NEAR(j["seen"]["watts"].get<double>(), 5, 0.01);
  EXPECT_THAT(read_text_file(folder_ / "live.yaml"), HasSubstr("# Goal: 8 watts."));
}

TEST_F(Tune, SaysThatTheSourceIsTheLimit) {
  const Outcome done = run(usual() + "--target-fps 200 --imgsz 128 --json");
  EXPECT_EQ(done.status, 1);
  EXPECT_THAT(done.err, HasSubstr("the goal is beyond the source"));
  EXPECT_EQ(json::parse(done.out)["limited_by_source"], true);
}

TEST_F(Tune, GivesTheBestSoFarWhenItIsInterrupted) {
  const std::string command = "--model " + kModel + " --source " + kClip +
                              " --budget 5m --target-fps 2 --imgsz 256,128 --json -o " +
                              at("live.yaml");
  const Outcome done = run_shell("XDG_CACHE_HOME=" + at("cache") +
                                 " " OCTET_BIN_DIR "/octet tune " + command + " 2>" + at("log") +
                                 " & for i in $(seq 2400); do grep -q 'detections a second, age' " +
                                 at("log") + " && break; sleep 0.05; done; kill -INT $!; wait $!");
  EXPECT_EQ(done.status, 0) << read_text_file(folder_ / "log");
  const json j = json::parse(done.out);
  EXPECT_EQ(j["interrupted"], true);
  EXPECT_FALSE(j.contains("seen"));
  EXPECT_THAT(read_text_file(folder_ / "live.yaml"), HasSubstr("engine: "));
}

TEST_F(Tune, RefusesWhatCannotBe) {
  write_text_file(folder_ / "data.yaml", "names: [person]\n");
  const std::pair<std::string, std::string> cases[] = {
      {"--target-fps 5 --budget 2s", "--budget 2s: is too short; 10s is the least"},
      {"--data coco.json --cpu-budget 50", "images of the data have no rate"},
      {"--budget 10s", "one of --target-fps, --max-age-ms, --cpu-budget and --watts is needed"},
      {"--data coco.json --watts 5", "images of the data have no rate"},
      {"--watts 5 --sysfs " + at("none/sys"), "this machine has no meter that can be read"},
      {"--target-fps 5 --source -", "standard input cannot be watched again"},
      {"--target-fps 5 --source rtsp://127.0.0.1:1/none",
       "rtsp://127.0.0.1:1/none: cannot be opened"},
      {"--target-fps 5 --source nothing.mp4", "nothing.mp4"},
      {"--target-fps 5 --data " + at("data.yaml") + " -o " + at("data.yaml"),
       "is the data of --data; give another name"},
      {"--target-fps 5 -o live.json", "a file with the extension .yaml is expected"},
      {"--target-fps 5 -o " + at("no/such/live.yaml"), "no file can be made in it"}};
  for (const auto& [arguments, message] : cases) {
    std::string whole = "--model " + kModel + " " + arguments;
    if (arguments.find("--source") == std::string::npos &&
        arguments.find("--data") == std::string::npos)
      whole += " --source " + kClip;
    const Outcome done = run(whole);
    EXPECT_THAT(done.status, AnyOf(1, 2)) << arguments;
    EXPECT_THAT(done.err, HasSubstr(message)) << arguments;
    EXPECT_EQ(done.out, "") << arguments;
  }
}

}  // namespace
}  // namespace octet
