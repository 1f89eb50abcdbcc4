#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <fstream>
#include <map>
#include <nlohmann/json.hpp>

#include "core/file.h"
#include "live/file_pipeline.h"
#include "live/watch.h"
#include "media/image/image_io.h"
#include "testing/testing.h"

namespace octet {
namespace {

using testing::HasSubstr;

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
  LiveOptions options{.save = {.path = folder / "out.mp4"},
                      .snapshot = folder / "best.jpg",
                      .jsonl = {.path = folder / "out.jsonl"}};
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
    LiveOptions options{.max_frames = 30, .jsonl = {.path = folder / "out.jsonl"}};
    options.decode.score_threshold = 1e-5F;
    (void)run_live(detector, *open_source(kClip), options);
    texts[parallel - 1] = read_text_file(folder / "out.jsonl");
  }
  EXPECT_EQ(std::count(texts[0].begin(), texts[0].end(), '\n'), 30);
  EXPECT_THAT(texts[0], HasSubstr("confidence"));
  EXPECT_EQ(texts[0], texts[1]);
}

TEST(Live, PicturesAreASourceToo) {
  Detector detector(tiny(1));
  EXPECT_EQ(run_live(detector, *open_source(kPictures), {}).detected, 12);
}

TEST(Watch, RealtimeKeepsThePace) {
  WatchOptions options;
  options.camera.realtime = true;
  options.live.max_frames = 8;
  Watch watch({{"clip", kClip}}, options);
  const WatchSummary summary = watch.run(only(std::make_unique<Detector>(tiny(1))));
  EXPECT_EQ(summary.all.detected, 8);
  EXPECT_LT(summary.all.fps, 12);  // the clip has 10 frames a second
}

// Several files, every frame of each.
TEST(Watch, FilesAreWatchedCompletely) {
  const TemporaryFolder folder;
  WatchOptions options;
  options.camera.complete = true;
  options.live.jsonl = {.path = folder / "out.jsonl"};
  Watch watch({{"clip", kClip}, {"pictures", kPictures}}, options);
  const WatchSummary summary = watch.run(only(std::make_unique<Detector>(tiny(1))));
  EXPECT_EQ(summary.cameras[0].tally.detected, 110);
  EXPECT_EQ(summary.cameras[1].tally.detected, 12);
  EXPECT_EQ(summary.all.dropped, 0);
  std::ifstream lines(folder / "out.jsonl");
  std::string line;
  std::map<std::string, int> counts;
  while (std::getline(lines, line)) {
    const auto j = nlohmann::json::parse(line);
    EXPECT_EQ(j["frame"], counts[j["source"]]++);
    EXPECT_GE(j["age_ms"], 0);
  }
  EXPECT_EQ(counts["clip"], 110);
  EXPECT_EQ(counts["pictures"], 12);
}

TEST(Watch, ABrokenFileDoesNotEndTheOthers) {
  const TemporaryFolder folder;
  std::ofstream(folder / "broken.mp4") << "no video";
  WatchOptions options;
  options.camera.complete = true;
  Watch watch({{"broken", folder / "broken.mp4"}, {"pictures", kPictures}}, options);
  const WatchSummary summary = watch.run(only(std::make_unique<Detector>(tiny(1))));
  EXPECT_THAT(summary.cameras[0].status.error, HasSubstr("broken.mp4"));
  EXPECT_EQ(summary.cameras[1].tally.detected, 12);
}

TEST(Live, AnErrorInAnyStageEndsAll) {
  const TemporaryFolder folder;
  Detector detector(tiny(2));
  // A sink that cannot be written to: /dev/full takes nothing.
  EXPECT_THAT(error_of([&] {
                (void)run_live(detector, *open_source(kClip), {.jsonl = {.path = "/dev/full"}});
              }),
              HasSubstr("/dev/full"));
  // Pictures of several sizes do not make a video.
  EXPECT_THAT(error_of([&] {
                (void)run_live(detector, *open_source(kPictures),
                               {.save = {.path = folder / "v.mp4"}});
              }),
              HasSubstr("one size"));
  EXPECT_FALSE(fs::exists(folder / "v.mp4"));
}

// A camera's video: a part a minute and size, the oldest dropped, each of which can be played.
TEST(Recording, IsInParts) {
  const TemporaryFolder folder;
  const RecordingOptions options{
      .path = folder / "v.mp4", .endless = true, .part_minutes = 1, .keep = 2};
  const auto picture = [](int side) {
    return Image{.width = side, .height = side, .rgb = std::vector<uint8_t>(3 * side * side)};
  };
  Recording recording(options, 1);
  for (int second = 0; second < 130; ++second) recording.add(picture(64), second);
  for (int second = 130; second < 150; ++second) recording.add(picture(96), second);
  recording.finish();
  EXPECT_EQ(std::distance(fs::directory_iterator(folder.path()), {}), 3);
  const std::tuple<const char*, int, int> parts[] = {
      {"v.2.mp4", 64, 60}, {"v.1.mp4", 64, 10}, {"v.mp4", 96, 20}};
  for (const auto& [name, side, frames] : parts) {
    VideoReader video(folder / name);
    EXPECT_EQ(video.info().size, (Size{side, side}));
    VideoFrame frame;
    int count = 0;
    while (video.read(frame)) ++count;
    EXPECT_EQ(count, frames) << name;
  }
  EXPECT_THAT(error_of([&] { (void)Recording({.path = folder / "missing" / "v.mp4"}, 1); }),
              HasSubstr("missing"));
}

TEST(OpenSource, SaysWhatIsWrong) {
  EXPECT_THAT(error_of([] { (void)open_source("/no/such.mp4"); }), HasSubstr("/no/such.mp4"));
}

}  // namespace
}  // namespace octet
