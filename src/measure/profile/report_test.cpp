#include "measure/profile/report.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "core/text/fit_text.h"
#include "core/text/split_text.h"

namespace octet {
namespace {

using testing::HasSubstr;
using testing::Not;

ProfiledLayer layer(const std::string& node, double ms) {
  return {.time = {.name = "engine's " + node,
                   .operators = {},
                   .type = "Convolution",
                   .kernel = "a kernel with a very long name, <of> an engine",
                   .precision = "int8",
                   .fallback = {},
                   .seconds = ms / 1e3},
          .node = node,
          .share = ms / 10};
}

Profile profile() {
  Profile p{.model = "folder/m.onnx",
            .network = {.engine = "ONNX Runtime 1.2", .device = "CPU", .precision = "int8"},
            .input = {64, 32},
            .frames = 20,
            .phases = {{"letterbox", 1}, {"inference", 9}},
            .inference_ms = 10,
            .mean_ms = 11,
            .fast_ms = 8,
            .layers_ms = 9.5,
            .joules_per_frame = {},
            .layers = {layer("model.0.conv", 3), layer("model.0.act", 1), layer("model.1", 5.5)},
            .peaks = {{"int8", "measured", 100}}};
  p.layers[2].time.fallback = "no kernel";
  return p;
}

std::string printed(const PrintOptions& options) {
  testing::internal::CaptureStdout();
  print_profile(profile(), options);
  return testing::internal::GetCapturedStdout();
}

TEST(ProfileReport, TheSlowestLayersComeFirst) {
  const std::string text = printed({.layers = 2});
  EXPECT_LT(text.find("model.1 "), text.find("model.0.conv"));
  EXPECT_THAT(text, Not(HasSubstr("model.0.act")));
  EXPECT_THAT(text, HasSubstr("1 others: 1.00 ms"));
  EXPECT_THAT(text, HasSubstr("95.0 % of the 10.00 ms of a usual inference"));
  EXPECT_THAT(text, HasSubstr("- no kernel: model.1 (5.50 ms)"));
  const std::string all = printed({.layers = 0});
  EXPECT_LT(all.find("model.0.conv"), all.find("model.1 "));
  EXPECT_THAT(all, HasSubstr("model.0.act"));
}

TEST(ProfileReport, CutNetworksAreComparedWithFastInferences) {
  Profile cut = profile();
  cut.cut = true;
  EXPECT_THAT(sum_text(cut), HasSubstr("118.8 % of the 8.00 ms of a fast inference"));
  EXPECT_EQ(to_json(cut)["fast_ms"], 8);
  EXPECT_FALSE(to_json(profile()).contains("fast_ms"));
}

TEST(ProfileReport, SaysWhatTheTimingItselfTook) {
  Profile p = profile();
  EXPECT_THAT(sum_text(p), Not(HasSubstr("timing itself")));
  p.timing_ms = 0.75;
  EXPECT_THAT(sum_text(p), HasSubstr("; 0.75 ms of the timing itself are taken off"));
  EXPECT_EQ(to_json(p)["timing_ms"], 0.75);
}

TEST(ProfileReport, AComparisonSaysHowEachSideWasMeasured) {
  Profile second = profile();
  second.inference_ms = 40;
  second.layers_ms = 30;
  testing::internal::CaptureStdout();
  print_comparison(profile(), second, {});
  const std::string text = testing::internal::GetCapturedStdout();
  EXPECT_THAT(text, testing::ContainsRegex("inference +10.00 +40.00 +\\+30.00"))
      << "medians of both";
  EXPECT_THAT(text, HasSubstr("A: " + sum_text(profile())));
  EXPECT_THAT(text, HasSubstr("B: " + sum_text(second)));
}

TEST(ProfileReport, FitsNarrowTerminals) {
  for (const int columns : {40, 60, 80, 200}) {
    const std::string text = printed({.layers = 0, .columns = columns});
    for (const std::string_view line : split_text(text, "\n"))
      EXPECT_LE(octet::columns(line), columns) << line;
    EXPECT_THAT(text, HasSubstr("5.50"));
    EXPECT_EQ(text.find("an engine") != std::string::npos, columns == 200);
  }
}

TEST(ProfileReport, BlocksAddTheirLayersOnBothSides) {
  const Profile first = profile();
  Profile second = profile();
  second.layers = {layer("model.0.conv", 2), layer("", 7)};
  const auto blocks = compare_blocks(first, second);
  ASSERT_EQ(blocks.size(), 3U);
  EXPECT_EQ(blocks[0].name, "model.0");
  EXPECT_DOUBLE_EQ(blocks[0].first_ms.value(), 4);
  EXPECT_DOUBLE_EQ(blocks[0].second_ms.value(), 2);
  EXPECT_EQ(blocks[1].name, "model.1");
  EXPECT_FALSE(blocks[1].second_ms.has_value());
  EXPECT_EQ(blocks[2].name, "Convolution") << "a layer of no node has its type";
  EXPECT_DOUBLE_EQ(blocks[2].second_ms.value(), 7);
  const auto j = to_json(blocks);
  EXPECT_FALSE(j[1].contains("compared_ms"));
  EXPECT_FALSE(j[2].contains("ms"));
}

TEST(ProfileReport, ThePageHasBarsAlongTheNetworkAndEscapes) {
  const Profile p = profile();
  const std::string page = profile_page(p, nullptr, {});
  EXPECT_THAT(page, HasSubstr(R"("names":["model.0.conv","model.0.act","model.1"])"));
  EXPECT_THAT(page, HasSubstr("&lt;of&gt;"));
  EXPECT_THAT(page, Not(HasSubstr("Side by side")));
  EXPECT_THAT(profile_page(p, &p, {}), HasSubstr("Side by side"));
}

TEST(ProfileReport, JsonLeavesOutWhatIsNotKnown) {
  const auto j = to_json(profile());
  EXPECT_EQ(j["measured_by"], "engine");
  EXPECT_EQ(j["layers"][0]["node"], "model.0.conv");
  EXPECT_EQ(j["layers"][0]["gops"], 0) << "it is there in each layer";
  EXPECT_EQ(j["layers"][2]["fallback"], "no kernel");
  EXPECT_FALSE(j.contains("joules_per_frame"));
  EXPECT_FALSE(j.contains("timing_ms"));
}

}  // namespace
}  // namespace octet
