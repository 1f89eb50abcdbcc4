#include "tune/look/predict.h"

#include <gtest/gtest.h>

#include <nlohmann/json.hpp>

#include "core/error.h"
#include "live/source/source.h"
#include "testing/testing.h"
#include "tune/look/footage.h"
#include "tune/look/processes.h"

namespace octet {
namespace {

const Look kLook{.frames = 10,
                 .ms_p50 = 20,
                 .ms_p99 = 30,
                 .ms_mean = 21,
                 .cpu_ms = 36,
                 .decode_ms = 3,
                 .decode_cpu_ms = 4};

TEST(Predict, ASourceThatIsSlowerThanTheNetworkDecides) {
  const Figures f = predict(kLook, {}, {.source_fps = 25, .cores = 2});
  EXPECT_NEAR(f.fps, 25, 1e-9);
  EXPECT_NEAR(f.results_fps, 25, 1e-9);
  EXPECT_NEAR(f.cpu_percent, 25 * 40.0 / 20, 1e-9);
  EXPECT_NEAR(f.cpu_ms, 40, 1e-9);
  EXPECT_NEAR(f.age_ms_p99, 33, 1e-9);
}

TEST(Predict, TheNetworkDecidesWhereItIsSlower) {
  Look slow = kLook;
  slow.ms_p50 = 60;
  slow.ms_mean = 80;  // under a limit of processor time some frames take long
  slow.cpu_ms = 80;
  const Figures f = predict(slow, {}, {.source_fps = 25, .cores = 2});
  EXPECT_NEAR(f.fps, 12.5, 1e-9);
  EXPECT_GT(f.age_ms_p99, 30 + 40) << "the newest frame has waited";
  EXPECT_NEAR(predict(slow, {}, {.source_fps = 0, .cores = 2}).fps, 12.5, 1e-9);
}

TEST(Predict, TheProcessorDecidesWhereItIsFull) {
  Look heavy = kLook;
  heavy.cpu_ms = 76;  // at 25 a second two cores are full
  const Figures f = predict(heavy, {}, {.source_fps = 50, .cores = 2});
  EXPECT_NEAR(f.cpu_percent, 100, 1e-9);
  EXPECT_NEAR(f.fps * 76 + 50 * 4, 2000, 1e-6);
}

TEST(Predict, SkippingSavesProcessorTimeAndNoResults) {
  const Figures all = predict(kLook, {}, {.source_fps = 25, .cores = 2});
  const Figures half = predict(kLook, {.skip = 1, .detected = 0.5}, {.source_fps = 25, .cores = 2});
  EXPECT_NEAR(half.results_fps, 25, 1e-9);
  EXPECT_NEAR(half.fps, 12.5, 1e-9);
  EXPECT_LT(half.cpu_percent, 0.6 * all.cpu_percent);
}

TEST(Predict, TimesGoByPixels) {
  const Look small = scaled(kLook, {640, 384}, {320, 192});
  EXPECT_NEAR(small.ms_p50, 5, 1e-9);
  EXPECT_NEAR(small.ms_mean, 5.25, 1e-9);
  EXPECT_NEAR(small.cpu_ms, 9, 1e-9);
  EXPECT_NEAR(small.decode_ms, 3, 1e-9);
}

TEST(Footage, ABurstAtTheBeginningIsNoRate) {
  std::vector<double> times;
  for (int i = 0; i < 30; ++i) times.push_back(0.001 * i);  // what the camera had kept
  for (int i = 1; i <= 120; ++i) times.push_back(0.03 + i / 25.0);
  EXPECT_NEAR(rate_of(times), 25, 0.1);
  EXPECT_EQ(rate_of({}), 0);
  EXPECT_NEAR(rate_of({0, 0.5}), 2, 1e-9);
}

// 25 frames a second of grey, which break off.
class BrokenCamera : public Source {
 public:
  explicit BrokenCamera(int frames, bool burst = false) : frames_(frames), burst_(burst) {}
  bool next(Picture& out) override {
    if (taken_ == frames_) fail("camera: no data for 10 s");
    out.is_video = false;
    const Size size = taken_ == 60 ? Size{32, 32} : Size{64, 64};
    out.image = {size.width, size.height,
                 std::vector<uint8_t>(static_cast<size_t>(3) * size.width * size.height, 90)};
    // In its second second the camera is a little faster than later.
    const double burst = taken_ > 25 ? std::min(taken_ - 25, 26) * (1 / 25.0 - 1 / 26.0) : 0;
    out.seconds = taken_++ / 25.0 - (burst_ ? burst : 0);
    return true;
  }
  [[nodiscard]] VideoInfo info() const override { return {}; }

 private:
  int frames_, taken_ = 0;
  bool burst_;
};

TEST(Footage, TheRateIsThatOfTheWholeRecording) {
  const TemporaryFolder folder;
  Footage out{.name = "camera", .clip = folder / "camera.mp4"};
  BrokenCamera camera(400, true);
  record(camera, 8, out);
  EXPECT_NEAR(out.fps, 25, 0.1);
}

TEST(Footage, OfACameraThatBreaksOffIsTaken) {
  const TemporaryFolder folder;
  Footage out{.name = "camera", .clip = folder / "camera.mp4"};
  BrokenCamera camera(100);
  record(camera, 10, out);
  EXPECT_NEAR(out.fps, 25, 0.1);
  EXPECT_EQ(out.frames, 49) << "two seconds tell the rate, and one frame has another size";
  EXPECT_EQ(open_footage(out.clip.string()).size.width, 64);
  BrokenCamera short_lived(52);
  Footage none{.name = "camera", .clip = folder / "none.mp4"};
  EXPECT_EQ(error_of([&] { record(short_lived, 10, none); }), "camera: no data for 10 s");
}

TEST(LiveRun, TellsDetectionsFromResults) {
  const auto json = nlohmann::ordered_json::parse(
      R"({"frames":310,"detected":101,"fps":30,"age_ms_p99":41,"cpu_percent":36,"precision":"int8",)"
      R"("interrupted":false,"sources":[{"tracked":190,"still":10}]})");
  const LiveRun run = live_run(json, 2);
  EXPECT_NEAR(run.figures.fps, 30 * 101.0 / 301, 1e-9);
  EXPECT_NEAR(run.seconds, 10, 1e-9);
  EXPECT_NEAR(run.figures.cpu_ms, 0.36 * 2000 / 30, 1e-9);
  EXPECT_NEAR(run.figures.cpu_ms_per_detection(), 0.36 * 2000 / 30 * 301 / 101, 1e-6);
}

TEST(LiveRun, WithAnOutageIsAFailure) {
  const auto run = [](const std::string& source) {
    return error_of([&] {
      (void)live_run(
          nlohmann::ordered_json::parse(
              R"({"detected":101,"fps":30,"age_ms_p99":41,"cpu_percent":36,"precision":"int8",)"
              R"("sources":[{"tracked":0,"still":0,)" +
              source + "}]}"),
          2);
    });
  };
  EXPECT_EQ(run(R"("state":"up","openings":1,"error":"")"), "");
  EXPECT_EQ(run(R"("state":"ended","openings":1,"error":"")"), "") << "a file";
  EXPECT_EQ(run(R"("state":"down","openings":1,"error":"no data for 10 s")"),
            "the camera was lost in the run: no data for 10 s");
  EXPECT_EQ(run(R"("state":"up","openings":3,"error":"")"),
            "the camera was lost in the run, and opened 3 times");
}

TEST(LiveRun, WithoutAResultHasNoFigures) {
  const auto json = nlohmann::ordered_json::parse(
      R"({"frames":0,"detected":0,"fps":0,"age_ms_p99":0,"cpu_percent":0,"precision":"int8",)"
      R"("interrupted":true})");
  EXPECT_EQ(live_run(json, 2).figures.fps, 0);
}

TEST(Look, GoesToAProcessAndBack) {
  LookRequest request;
  request.configuration = {.model = "m \"x\".pt",
                           .engine = "tflite",
                           .side = 320,
                           .input = {320, 192},
                           .threads = 2,
                           .precision = "f32"};
  request.clip = "/a b.mp4";
  request.every = 5;
  request.frames = 7;
  request.seconds = 2.5;
  request.detections = true;
  request.data = "d.yaml";
  request.split = "val";
  request.images = 9;
  const LookRequest back = look_request(to_json(request));
  EXPECT_EQ(back.configuration, request.configuration);
  EXPECT_EQ(back.clip, request.clip);
  EXPECT_EQ(back.every, 5);
  EXPECT_EQ(back.seconds, 2.5);
  EXPECT_TRUE(back.detections);
  EXPECT_FALSE(back.policies);
  Look look = kLook;
  look.policies.push_back({.skip = 3, .motion_gate = true, .detected = 0.25, .kept = std::nullopt});
  look.map50_95 = 0.5;
  const Look there = look_from(to_json(look));
  EXPECT_EQ(there.ms_p99, 30);
  EXPECT_EQ(there.ms_mean, 21);
  EXPECT_EQ(there.policies.at(0).skip, 3);
  EXPECT_FALSE(there.policies.at(0).kept);
  EXPECT_EQ(there.map50_95, 0.5);
}

}  // namespace
}  // namespace octet
