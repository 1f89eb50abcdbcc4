#include <gtest/gtest.h>

#include "core/file.h"
#include "measure/bench.h"
#include "testing/testing.h"

namespace octet {
namespace {
using nlohmann::ordered_json;

ordered_json run_of(const std::vector<double>& times, double start_ms) {
  return {{"inference_ms", times}, {"start_ms", start_ms}, {"rss_mb", 50},
          {"cpu_ms_per_frame", 4}, {"engine", "E 1"},      {"device", "CPU: <x>"},
          {"precision", "fp32"},   {"threads", 2},         {"imgsz", {640, 384}}};
}

TEST(Bench, RowsAreQuantilesOverTheFramesOfAllRuns) {
  const TemporaryFolder folder;
  const auto file = folder / "m.onnx";
  write_text_file(file, "12345");
  const auto row = summarize_bench(
      {file.string(), "auto", "", 2},
      {run_of({1, 2, 3, 4, 5}, 10), run_of({11, 12, 13, 14, 15}, 30), run_of({6}, 20)});
  EXPECT_EQ(row["frames"], 11);
  EXPECT_EQ(row["ms_p50"], 6);
  EXPECT_EQ(row["ms_p90"], 14);
  EXPECT_EQ(row["fps"], 1e3 / 6);
  EXPECT_EQ(row["ms_p50_runs"], ordered_json({3, 13}));
  EXPECT_EQ(row["start_ms"], 20);
  EXPECT_EQ(row["bytes"], 5);
  EXPECT_FALSE(row.contains("joules_per_frame"));
}

TEST(Bench, ThePageEscapesWhatMachinesSay) {
  const TemporaryFolder folder;
  const auto file = folder / "m.onnx";
  write_text_file(file, "12345");
  const auto row = summarize_bench({file.string(), "auto", "", 2}, {run_of({1, 2, 3}, 10)});
  const std::string page = bench_page(ordered_json::array({row}));
  EXPECT_NE(page.find("CPU: &lt;x&gt;"), std::string::npos);
  EXPECT_NE(page.find("640x384"), std::string::npos);
}

}  // namespace
}  // namespace octet
