#include "measure/profile/layer_sum.h"

#include <gtest/gtest.h>

#include "engine/registry.h"
#include "testing/testing.h"

namespace octet {
namespace {

// Layers of so many milliseconds.
Profile profile_of(const std::vector<double>& layers) {
  Profile p;
  for (const double ms : layers)
    p.layers.push_back(
        {.time = {.name = "a", .operators = {}, .type = {}, .seconds = 1e-3 * ms}, .node = {}});
  return p;
}

std::vector<double> ms_of(const Profile& p) {
  std::vector<double> ms;
  for (const ProfiledLayer& layer : p.layers) ms.push_back(1e3 * layer.time.seconds);
  return ms;
}

TEST(LayerSum, LayersAreScaledFromTheMeanToTheMedian) {
  Profile p = profile_of({12, 8});
  scale_to_usual({10, 10, 10, 10, 60}, p);  // their mean is 20
  EXPECT_NEAR(ms_of(p)[0], 6, 1e-9);
  EXPECT_NEAR(ms_of(p)[1], 4, 1e-9);
  EXPECT_NEAR(p.profiled_ms, 10, 1e-9);
  Profile none = profile_of({});
  none.profiled_ms = 7;
  scale_to_usual({10}, none);
  EXPECT_EQ(none.profiled_ms, 7) << "the engine told no layers";
}

TEST(LayerSum, WhatTimingAddedIsTakenOffAllAlike) {
  Profile p = profile_of({6, 0, 4.5, 0.5, 3});
  p.inference_ms = 10;
  p.profiled_ms = 15;
  take_off_timing(p);
  EXPECT_NEAR(p.timing_ms, 4, 1e-9);
  EXPECT_NEAR(p.layers_ms, 10, 1e-9);
  const auto ms = ms_of(p);
  const double each = 3.75 / 3;  // the shortest gave half of what it had
  EXPECT_NEAR(ms[0], 6 - each, 1e-9);
  EXPECT_EQ(ms[1], 0);
  EXPECT_NEAR(ms[2], 4.5 - each, 1e-9);
  EXPECT_NEAR(ms[3], 0.25, 1e-9);
  EXPECT_NEAR(ms[4], 3 - each, 1e-9);
}

TEST(LayerSum, NothingElseIsTakenOff) {
  Profile below = profile_of({4, 5});
  below.inference_ms = 10;
  below.profiled_ms = 12;
  take_off_timing(below);
  EXPECT_EQ(below.timing_ms, 0);
  EXPECT_NEAR(below.layers_ms, 9, 1e-9) << "a sum below the inference stays";
  Profile wrong = profile_of({20, 10});
  wrong.inference_ms = 10;
  wrong.profiled_ms = 11;
  take_off_timing(wrong);
  EXPECT_NEAR(wrong.timing_ms, 1, 1e-9) << "no more than timing added";
  EXPECT_NEAR(wrong.layers_ms, 29, 1e-9) << "what is wrong stays visible";
  Profile cut = profile_of({20});
  cut.inference_ms = 10;
  cut.profiled_ms = 20;
  cut.cut = true;
  take_off_timing(cut);
  EXPECT_NEAR(cut.layers_ms, 20, 1e-9);
}

// Counts what it gives and gets.
class CountingFeed : public NoiseFeed {
 public:
  std::chrono::duration<double, std::milli> next() override {
    ++decoded;
    return {};
  }
  void submit(Job& job) override {
    ++submitted;
    NoiseFeed::submit(job);
  }
  void tell(const Detections&) override { ++told; }
  int decoded = 0, submitted = 0, told = 0;
};

TEST(LayerSum, InferencesWithTimedLayersHaveTheSameConditions) {
  const std::string missing = error_of([] { (void)load_engine("tflite"); });
  if (!missing.empty()) GTEST_SKIP() << missing;
  ProfileOptions options;
  options.detector.model = OCTET_SOURCE_DIR "/samples/yolov8n-int8.safetensors";
  options.detector.engine = "tflite";
  options.detector.size = SizeOption{.size = {64, 64}, .exact = true};
  options.seconds = 0;
  CountingFeed feed;
  const Profile p = profile_model(options, feed);
  EXPECT_FALSE(p.layers.empty());
  EXPECT_GT(feed.submitted, 2 * p.frames) << "with timed layers, and without";
  EXPECT_EQ(feed.decoded, feed.submitted);
  EXPECT_EQ(feed.told, feed.submitted);
}

}  // namespace
}  // namespace octet
