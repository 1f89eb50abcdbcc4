#include "compress/report.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace octet {
namespace {

nlohmann::ordered_json row(const std::string& model, const std::string& engine, double ms) {
  return {{"model", model}, {"engine", engine}, {"ms_p50", ms}, {"rss_mb", 10 * ms}};
}

TEST(EngineTimes, CompareTheSameExportInTheSameEngine) {
  const nlohmann::ordered_json bench{
      {"rows",
       {row("out/export-whole/a.xml", "OpenVINO", 4), row("out/export-whole/a.tflite", "TFLite", 6),
        row("out/export-whole/a.onnx", "OpenVINO", 5), row("out/export/b.xml", "OpenVINO", 2),
        row("out/export/b.tflite", "TFLite", 3)}}};
  const auto times = times_of(bench);
  ASSERT_EQ(times.size(), 2U) << "the third has nothing to compare with";
  EXPECT_EQ(times[0].engine, "OpenVINO");
  EXPECT_EQ(times[0].format, "xml");
  EXPECT_EQ(times[0].before_ms, 4);
  EXPECT_EQ(times[0].after_ms, 2);
  EXPECT_EQ(times[0].after_rss_mb, 20);
  EXPECT_EQ(times[1].format, "tflite");
}

TEST(EngineTimes, AreThoseOfTheFastestFile) {
  const std::vector<EngineTimes> times{{.engine = "A", .format = "onnx", .after_ms = 3},
                                       {.engine = "A", .format = "xml", .after_ms = 2},
                                       {.engine = "B", .format = "xml", .after_ms = 1}};
  EXPECT_EQ(fastest_in(times, "A")->after_ms, 2);
  EXPECT_FALSE(fastest_in(times, "C").has_value());
}

}  // namespace
}  // namespace octet
