// octet compress, from a checkpoint to exports, and after an interruption.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <filesystem>
#include <nlohmann/json.hpp>

#include "core/file.h"
#include "run_octet.h"

namespace octet {
namespace {

using testing::HasSubstr;
namespace fs = std::filesystem;
using nlohmann::json;

class Compress : public testing::Test {
 protected:
  void SetUp() override {
    if (!fs::exists(fs::path(OCTET_BIN_DIR) / "octet-train"))
      GTEST_SKIP() << "octet-train is not built";
    // Rough times are enough, and they are quick.
    const Outcome table = run_octet("bench --cost-table " + at("times.json") +
                                    " --imgsz 96 --seconds 0.02 --model " + kModel);
    ASSERT_EQ(table.status, 0) << table.err;
    EXPECT_THAT(read_text_file(at("times.json")), HasSubstr("\"relu6\""))
        << "compress tries it in place of SiLU";
  }
  std::string at(const std::string& name) const { return (folder_ / name).string(); }
  std::string command() const {
    return "compress --model " + kModel + " --data " + kData +
           " --imgsz 96 --speedup 1.3 --epochs 2 --batch 4 --activations none --cost " +
           at("times.json") + " --json -o " + at("small");
  }

  const std::string kModel = kSource + "/samples/yolov8n.safetensors";
  const std::string kData = kSource + "/samples/coco/data.yaml";
  TemporaryFolder folder_;
};

TEST_F(Compress, MakesExportsAndGoesOnAfterAnInterruption) {
  // Nothing but times is measured here, so the folder takes the other target after it.
  const Outcome refused = run_octet(
      "compress --model " + kModel + " --data " + kData + " --imgsz 96 --target-ms 0.001 " +
      "--activations none --cost " + at("times.json") + " -o " + at("small"));
  EXPECT_EQ(refused.status, 1);
  EXPECT_THAT(refused.err, testing::ContainsRegex(
                               "the nearest that may be met is [0-9.]+ ms, a speedup of [0-9.]+"));
  const std::string last = at("small/whole-int8-run/last.safetensors");
  const Outcome stopped =
      run_shell(OCTET_BIN_DIR "/octet " + command() + " & for i in $(seq 6000); do [ -e " + last +
                " ] && break; sleep 0.05; done; kill -TERM $!; wait $!");
  EXPECT_EQ(stopped.status, 1);
  EXPECT_THAT(stopped.err, HasSubstr("the same command goes on from here"));
  const Outcome done = run_octet(command());
  ASSERT_EQ(done.status, 0) << done.err;
  const json j = json::parse(done.out);
  EXPECT_GE(j["candidates"].size(), 1U);
  for (const char* file :
       {"int8.safetensors", "export/int8.tflite", "report.html", "export-whole/"})
    EXPECT_TRUE(fs::exists(at("small/") + file)) << file;
  EXPECT_TRUE(fs::exists(j["after"]["file"].get<std::string>()));
  EXPECT_EQ(j["output"], j["after"]["file"]);
  for (const char* model : {"before", "after"}) {
    for (const char* key : {"params", "gflops", "ms", "map50_95", "bytes"})
      EXPECT_TRUE(j[model].contains(key)) << model << " " << key;
  }
  EXPECT_NEAR(j["speedup"], j["before"]["ms"].get<double>() / j["after"]["ms"].get<double>(), 1e-6);
  EXPECT_GT(j["seconds"], 1);
  EXPECT_EQ(j["wanted_speedup"], 1.3);
  EXPECT_EQ(j["met"], 1.02 * j["speedup"].get<double>() >= 1.3);
  const auto whole = [](const json& c) { return c.contains("whole_map50_95"); };
  const auto trained = std::count_if(j["candidates"].begin(), j["candidates"].end(), whole);
  EXPECT_THAT(trained, testing::AllOf(testing::Ge(1), testing::Le(2)));
  const std::string page = read_text_file(at("small/report.html"));
  for (const char* part : {"Take ", "Accuracy and time", "Channels of every layer", ": after"})
    EXPECT_THAT(page, HasSubstr(part));
  const Outcome again = run_octet(command());
  EXPECT_EQ(again.out, done.out) << "all stages are kept";
}

}  // namespace
}  // namespace octet
