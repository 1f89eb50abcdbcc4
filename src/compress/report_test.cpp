#include "compress/report.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace octet {
namespace {

TriedCandidate tried(std::optional<double> whole, bool chosen = false) {
  return {.map50_95 = 0.4, .whole_map50_95 = whole, .chosen = chosen};
}

TEST(TrainingsText, SaysHowManyAndWhich) {
  EXPECT_EQ(trainings_text({.tried = {tried(0.5, true), tried(0.45), tried({})}, .wanted_s = 1}),
            "3 candidates had a short training. 2 of them had a whole training, and the best of "
            "these was taken.");
  EXPECT_EQ(trainings_text({.tried = {tried(0.5), tried(0.45, true)}}),
            "2 candidates had a short training. 2 of them had a whole training, and the fastest of "
            "these that loses no more than is allowed was taken.");
  EXPECT_EQ(trainings_text({.tried = {tried(0.5, true)}, .wanted_s = 1}),
            "1 candidate had a short training. One of them had a whole training, and it was "
            "taken.");
  EXPECT_EQ(trainings_text({.tried = {tried(0.5)}, .wanted_s = 1}),
            "1 candidate had a short training. One of them had a whole training, and the first "
            "model as it is was better.");
  EXPECT_EQ(trainings_text({}), "The first model is taken as it is: it had no more training.");
}

// By the times that are told, whatever the choice was made by.
TEST(Target, IsMetByTheTimesThatAreTold) {
  CompressResult r{.wanted_s = 0.002};
  r.after = {.predicted_s = 0.001, .ms = 2.03};
  EXPECT_TRUE(meets_target(r));
  r.after.ms = 2.05;
  EXPECT_FALSE(meets_target(r));
  r.before.ms = 3.2;  // the machine was slower at the end
  r.wanted_speedup = 1.5;
  EXPECT_TRUE(meets_target(r));
  r.before.ms = 3;
  EXPECT_FALSE(meets_target(r));
  EXPECT_TRUE(meets_target({})) << "the drop was given";
}

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
