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

// An image in twenty that takes long is in the p99, and two rounds count alike.
TEST(Bench, RowsOfFewImagesShowTheirSlowestOne) {
  const TemporaryFolder folder;
  const auto file = folder / "m.onnx";
  write_text_file(file, "12345");
  std::vector<double> times(20, 4);
  times[7] = 90;
  const auto row =
      summarize_bench({file.string(), "auto", "", 2}, {run_of(times, 10), run_of({6, 6}, 30)});
  EXPECT_EQ(row["ms_p99"], 90);
  EXPECT_EQ(row["start_ms"], 20);
}

TEST(Bench, EnergyIsSaidWithAndWithoutThatOfTheIdleMachine) {
  const TemporaryFolder folder;
  const auto file = folder / "m.onnx";
  write_text_file(file, "12345");
  const auto with = [](double joules, double net) {
    ordered_json run = run_of({1, 2}, 10);
    run.update({{"energy_meter", "ina219"},
                {"idle_watts", 2.5},
                {"joules_per_frame", joules},
                {"net_joules_per_frame", net}});
    return run;
  };
  const auto row = summarize_bench({file.string(), "auto", "", 2},
                                   {with(0.3, 0.1), with(0.5, 0.3), with(0.4, 0.2)});
  EXPECT_EQ(row["energy_meter"], "ina219");
  EXPECT_EQ(row["idle_watts"], 2.5);
  EXPECT_EQ(row["joules_per_frame"], 0.4);
  EXPECT_EQ(row["net_joules_per_frame"], 0.2);
  const std::string page = bench_page(ordered_json::array({row}), {});
  EXPECT_NE(page.find("joules an image, without those of the idle machine"), std::string::npos);
}

TEST(Bench, ThePageEscapesWhatMachinesSay) {
  const TemporaryFolder folder;
  const auto file = folder / "m.onnx";
  write_text_file(file, "12345");
  const auto row = summarize_bench({file.string(), "auto", "", 2}, {run_of({1, 2, 3}, 10)});
  const std::string page = bench_page(ordered_json::array({row}), {{"machine", "CPU: <x>"}});
  EXPECT_NE(page.find("CPU: &lt;x&gt;"), std::string::npos);
  EXPECT_NE(page.find("640x384"), std::string::npos);
  EXPECT_NE(page.find(R"("kind":"bars")"), std::string::npos) << "times, where there is no mAP";
}

// Its data for the script.
ordered_json chart_of(const std::string& page) {
  const std::string begin = "<script type=\"application/json\">";
  const size_t from = page.find(begin) + begin.size();
  return ordered_json::parse(page.substr(from, page.find("</script", from) - from));
}

TEST(Bench, ThePlotNumbersItsPointsAsTheTableNumbersItsRows) {
  const TemporaryFolder folder;
  const auto file = folder / "m.onnx";
  write_text_file(file, "12345");
  auto rows = ordered_json::array();
  const auto add = [&](const char* engine, double ms, double map) {
    ordered_json run = run_of({ms}, 10);
    run["engine"] = engine;
    rows.push_back(summarize_bench({file.string(), "auto", "", 2}, {run}));
    rows.back()["map50_95"] = map;
  };
  add("A 1.0", 18, 0.5361);
  add("B 2", 20, 0.5398);
  add("A 1.0", 30, 0.5370);
  const std::string page = bench_page(rows, {});
  EXPECT_NE(page.find("<td>3</td><td>m.onnx</td>"), std::string::npos);
  ordered_json chart = chart_of(page);
  ASSERT_EQ(chart["series"].size(), 3U);
  EXPECT_EQ(chart["series"][0]["name"], "A");
  EXPECT_EQ(chart["series"][0]["labels"], ordered_json({"1", "3"}));
  EXPECT_EQ(chart["series"][0]["names"][1], "m.onnx, A, 640x384, 2 threads");
  EXPECT_EQ(chart["series"][1]["labels"], ordered_json::array({"2"}));
  EXPECT_EQ(chart["series"][2]["joined"], true);
  EXPECT_EQ(chart["series"][2]["x"], ordered_json({18, 20})) << "the third row is beaten by both";
  EXPECT_GE(chart["y"]["high"].get<double>() - chart["y"]["low"].get<double>(), 0.0499);
  EXPECT_EQ(chart["x"]["low"], 0);
  EXPECT_FALSE(chart["x"].contains("log"));
  add("A 1.0", 900, 0.6);
  chart = chart_of(bench_page(rows, {}));
  EXPECT_EQ(chart["x"]["log"], true) << "times that differ by more than a factor of 20";
}

}  // namespace
}  // namespace octet
