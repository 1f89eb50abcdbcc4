#include "engine/registry.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <csignal>
#include <nlohmann/json.hpp>

#include "core/log.h"
#include "core/process.h"
#include "testing/testing.h"

namespace octet {
namespace {
namespace fs = std::filesystem;

const fs::path kFake = OCTET_BIN_DIR "/fake_engine.so";
const fs::path kStale = OCTET_BIN_DIR "/stale_engine.so";

const EngineRow& fake_row() {
  static const EngineRow row{.name = "fake",
                             .library = "the fake library",
                             .install = "install it",
                             .formats = {"onnx"},
                             .options = {{.key = "speed", .help = "how fast"}}};
  return row;
}

TEST(EngineRows, NameFormatsThatExist) {
  for (const EngineRow& row : engine_rows()) {
    ASSERT_FALSE(row.formats.empty()) << row.name;
    for (const std::string_view name : row.formats) EXPECT_EQ(export_format(name).name, name);
    ASSERT_FALSE(row.kernel_sets.empty()) << row.name << ": verify would not run it";
    for (const KernelSet& set : row.kernel_sets) EXPECT_TRUE(row.knows(set.settings));
  }
  const auto quick = quick_engine_names();
  EXPECT_EQ(std::count(quick.begin(), quick.end(), "armnn"), 0);
  EXPECT_EQ(quick.size() + 1, engine_names().size());
}

TEST(EngineModule, OfAnotherVersionIsRefused) {
  const std::string said = error_of([] { (void)open_engine_module(fake_row(), kStale); });
  EXPECT_NE(said.find("engine fake: " + kStale.string() + " was built for another version"),
            std::string::npos)
      << said;
  EXPECT_NE(said.find("make build"), std::string::npos) << said;
}

TEST(EngineModule, WithoutAVersionIsRefused) {
  const std::string said = error_of(
      [] { (void)open_engine_module(fake_row(), OCTET_BIN_DIR "/unversioned_engine.so"); });
  EXPECT_NE(said.find("interface unknown"), std::string::npos) << said;
}

TEST(EngineModule, LogsThroughTheProgram) {
  set_log_style(LogStyle::kJson);
  testing::internal::CaptureStderr();
  const auto engine = open_engine_module(fake_row(), kFake);
  const std::string line = testing::internal::GetCapturedStderr();
  set_log_style(LogStyle::kText);
  const auto json = nlohmann::json::parse(line, nullptr, false);
  ASSERT_TRUE(json.is_object()) << line;
  EXPECT_EQ(json["level"], "warning");
  EXPECT_EQ(json["message"], "the fake engine \"warns\"");
}

TEST(EngineModule, SeesThatTheProgramIsToStop) {
  const auto engine = open_engine_module(fake_row(), kFake);
  EXPECT_EQ(engine->version(), "running");
  install_stop_signals();
  std::raise(SIGTERM);
  EXPECT_EQ(engine->version(), "stopping");
}

TEST(EngineModule, RefusesSettingsThatItsRowDoesNotList) {
  const auto engine = open_engine_module(fake_row(), kFake);
  EXPECT_EQ(error_of([&] {
              (void)engine->compile({}, {}, {.settings = {{"speed", "9"}}});
            }),
            "the fake engine compiles nothing, with 1 settings");
  EXPECT_EQ(error_of([&] {
              (void)engine->compile({}, {}, {.settings = {{"colour", ""}}});
            }),
            "the fake engine compiles nothing, with 1 settings")
      << "not given";
  EXPECT_EQ(error_of([&] {
              (void)engine->compile({}, {}, {.settings = {{"colour", "red"}}});
            }),
            "engine fake: has no option 'colour'; leave it out");
  EXPECT_EQ(error_of([&] {
              (void)engine->compile({}, {}, {.settings = {{"delegate", "x"}}});
            }),
            "engine fake: has no option 'delegate'; leave it out, or take --engine tflite");
}

TEST(ChooseEngine, FormatsForOtherProgramsAreNamed) {
  EXPECT_TRUE(any_engine_reads(export_format("tflite")));
  const ExportFormat& format = export_format("saved_model");
  EXPECT_FALSE(any_engine_reads(format));
  EXPECT_EQ(error_of([&] { (void)choose_engine({.format = &format}); }),
            "TensorFlow SavedModel is for other programs, and no engine of octet runs it; name "
            "another export");
}

TEST(ChooseEngine, AutoTakesOneThatKnowsTheSettings) {
  const std::string missing = error_of([] { (void)load_engine("tflite"); });
  if (!missing.empty()) GTEST_SKIP() << missing;
  EXPECT_EQ(choose_engine({.settings = {{"delegate", "none"}}})->row().name, "tflite");
  const std::string said = error_of([] {
    (void)choose_engine({.format = &export_format("onnx"), .settings = {{"delegate", "none"}}});
  });
  EXPECT_NE(said.find("no engine reads files of this format with the options delegate"),
            std::string::npos)
      << said;
}

}  // namespace
}  // namespace octet
