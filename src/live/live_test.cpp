#include <gtest/gtest.h>

#include <algorithm>
#include <fstream>
#include <nlohmann/json.hpp>

#include "core/file.h"
#include "core/testing.h"
#include "live/pipeline.h"
#include "media/image_io.h"

namespace octet {
namespace {
namespace fs = std::filesystem;

const std::string kClip = OCTET_SOURCE_DIR "/samples/person.mp4";
const std::string kPictures = OCTET_SOURCE_DIR "/samples/coco/images/val";

// The tiny checkpoint: the pipeline is what is tested here, not what is found.
DetectorOptions tiny(int parallel) {
  return {.model = OCTET_SOURCE_DIR "/tests/data/checkpoints/v8.4.190-detect3.pt",
          .size = SizeOption{.size = {64, 64}},
          .source = Size{768, 432},
          .runtime = {.parallel = parallel}};
}

TEST(Live, EveryFrameOnceAndInOrder) {
  const TemporaryFolder folder;
  Detector detector(tiny(2));
  const auto source = open_source(kClip);
  LiveOptions options{
      .save = folder / "out.mp4", .snapshot = folder / "best.jpg", .jsonl = folder / "out.jsonl"};
  options.decode.score_threshold = 1e-5F;
  const LiveSummary summary = run_live(detector, *source, options);
  EXPECT_EQ(summary.frames, 110);
  EXPECT_EQ(summary.detected, 110);
  EXPECT_EQ(summary.dropped, 0);
  EXPECT_GT(summary.fps, 0);
  EXPECT_GE(summary.frame_ms_p99, summary.frame_ms_p50);
  std::ifstream lines(folder / "out.jsonl");
  std::string line;
  int expected = 0;
  while (std::getline(lines, line)) EXPECT_EQ(nlohmann::json::parse(line)["frame"], expected++);
  EXPECT_EQ(expected, 110);
  VideoReader video(folder / "out.mp4");
  EXPECT_EQ(video.info().frames, 110);
  EXPECT_EQ(read_image(folder / "best.jpg").size(), (Size{768, 432}));
}

// However many frames run at the same time, the results are the same.
TEST(Live, ResultsDoNotDependOnParallelFrames) {
  const TemporaryFolder folder;
  std::string texts[2];
  for (const int parallel : {1, 2}) {
    Detector detector(tiny(parallel));
    LiveOptions options{.max_frames = 30, .jsonl = folder / "out.jsonl"};
    options.decode.score_threshold = 1e-5F;
    (void)run_live(detector, *open_source(kClip), options);
    texts[parallel - 1] = read_text_file(folder / "out.jsonl");
  }
  EXPECT_EQ(std::count(texts[0].begin(), texts[0].end(), '\n'), 30);
  EXPECT_NE(texts[0].find("confidence"), std::string::npos);
  EXPECT_EQ(texts[0], texts[1]);
}

TEST(Live, PicturesAreASourceToo) {
  Detector detector(tiny(1));
  EXPECT_EQ(run_live(detector, *open_source(kPictures), {}).detected, 12);
}

TEST(Live, RealtimeKeepsThePace) {
  Detector detector(tiny(1));
  const LiveSummary summary =
      run_live(detector, *open_source(kClip), {.max_frames = 11, .realtime = true});
  EXPECT_EQ(summary.detected + summary.dropped, 11);
  EXPECT_LT(summary.fps, 12);  // the clip has 10 frames a second
}

TEST(Live, AnErrorInAnyStageEndsAll) {
  const TemporaryFolder folder;
  Detector detector(tiny(2));
  // A sink that cannot be written to: /dev/full takes nothing.
  EXPECT_NE(error_of([&] {
              (void)run_live(detector, *open_source(kClip), {.jsonl = "/dev/full"});
            }).find("/dev/full"),
            std::string::npos);
  // Pictures of several sizes do not make a video.
  EXPECT_NE(error_of([&] {
              (void)run_live(detector, *open_source(kPictures), {.save = folder / "v.mp4"});
            }).find("one size"),
            std::string::npos);
  EXPECT_FALSE(fs::exists(folder / "v.mp4"));
}

TEST(OpenSource, SaysWhatIsWrong) {
  EXPECT_NE(error_of([] { (void)open_source("rtsp://camera/stream"); }).find("come later"),
            std::string::npos);
  EXPECT_NE(error_of([] { (void)open_source("/no/such.mp4"); }).find("/no/such.mp4"),
            std::string::npos);
}

}  // namespace
}  // namespace octet
