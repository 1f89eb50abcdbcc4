#include "tune/report/live_yaml.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "serve/config/config.h"

namespace octet {
namespace {

using testing::HasSubstr;

const Footage kCamera{.address = "rtsp://user:p\"#@camera/s", .name = "rtsp://camera/s"};
const Configuration kChosen{.model = "/models/a \"b\": c.safetensors",
                            .engine = "tflite",
                            .side = 512,
                            .input = {512, 288},
                            .threads = 3,
                            .precision = "f32",
                            .skip = 2,
                            .motion_gate = true};

TEST(LiveYaml, IsReadByLive) {
  const TuneGoals goals{.age_ms = 120};
  const std::string text =
      live_yaml({.configuration = kChosen,
                 .footage = kCamera,
                 .goals = goals,
                 .head = {"Written by\nnobody"},
                 .reasons = {{"engine", "twice as fast\nas others"}, {"sources", "your camera"}}});
  const LiveConfig config = parse_live_config(text, "live.yaml", "/");
  EXPECT_EQ(config.detector.model, kChosen.model);
  EXPECT_EQ(config.detector.engine, "tflite");
  EXPECT_EQ(config.detector.size->size.width, 512);
  EXPECT_FALSE(config.detector.size->exact);
  EXPECT_EQ(config.detector.runtime.threads, 3);
  EXPECT_EQ(config.detector.runtime.precision, Precision::kF32);
  EXPECT_EQ(config.watch.skip, 2);
  EXPECT_TRUE(config.watch.attention.motion_gate);
  EXPECT_EQ(config.watch.max_age_ms, 120);
  EXPECT_FALSE(config.watch.camera.realtime);
  ASSERT_EQ(config.cameras.size(), 1U);
  EXPECT_EQ(config.cameras[0].address, kCamera.address);
  EXPECT_THAT(text, HasSubstr("# Written by nobody\n"));
  EXPECT_THAT(text, HasSubstr("engine: tflite  # twice as fast as others\n"));
}

TEST(LiveYaml, OfAFileWithItsOwnSize) {
  Configuration fixed{.model = "/m.tflite", .engine = "tflite", .input = {640, 640}};
  fixed.skip = -1;
  const Footage clip{.address = "/clip.mp4", .name = "clip.mp4", .realtime = true};
  const std::string text =
      live_yaml({.configuration = fixed, .footage = clip, .goals = {}, .head = {}, .reasons = {}});
  const LiveConfig config = parse_live_config(text, "live.yaml", "/");
  EXPECT_FALSE(config.detector.size);
  EXPECT_EQ(config.watch.skip, -1);
  EXPECT_TRUE(config.watch.camera.realtime);
}

}  // namespace
}  // namespace octet
