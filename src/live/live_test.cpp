#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/resource.h>

#include <algorithm>
#include <chrono>
#include <csignal>
#include <fstream>
#include <map>
#include <nlohmann/json.hpp>
#include <thread>
#include <vector>

#include "core/file.h"
#include "live/file_pipeline.h"
#include "live/sink/watch_sinks.h"
#include "live/watch.h"
#include "media/image/image_io.h"
#include "media/video/video.h"
#include "testing/testing.h"

namespace octet {
namespace {

using testing::HasSubstr;

namespace fs = std::filesystem;

const std::string kClip = OCTET_SOURCE_DIR "/samples/person.mp4";
const std::string kVideos = OCTET_SOURCE_DIR "/tests/data/videos";
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

std::vector<nlohmann::ordered_json> lines_of(const fs::path& path) {
  std::vector<nlohmann::ordered_json> lines;
  std::ifstream file(path);
  for (std::string line; std::getline(file, line);)
    lines.push_back(nlohmann::ordered_json::parse(line));
  return lines;
}

// However many frames run at the same time, the results are the same.
TEST(Live, ResultsDoNotDependOnParallelFrames) {
  const TemporaryFolder folder;
  std::vector<nlohmann::ordered_json> results[2];
  for (const int parallel : {1, 2}) {
    Detector detector(tiny(parallel));
    LiveOptions options{.max_frames = 30, .jsonl = {.path = folder / "out.jsonl"}};
    options.decode.score_threshold = 1e-5F;
    (void)run_live(detector, *open_source(kClip), options);
    results[parallel - 1] = lines_of(folder / "out.jsonl");
    for (auto& line : results[parallel - 1]) {
      for (const char* clock : {"captured", "age_ms"}) line.erase(clock);
    }
  }
  EXPECT_EQ(results[0].size(), 30);
  EXPECT_THAT(results[0][0].dump(), HasSubstr("confidence"));
  EXPECT_EQ(results[0], results[1]);
}

std::vector<std::string> keys_of(const nlohmann::ordered_json& line) {
  std::vector<std::string> keys;
  for (const auto& [key, value] : line.items()) keys.push_back(key);
  return keys;
}

// Whoever writes a line, it has the same keys, and the frame's own time.
TEST(Live, LinesOfFilesAndOfCamerasAreAlike) {
  const TemporaryFolder folder;
  const std::string clip = kVideos + "/vfr.mkv";
  Detector detector(tiny(2));
  (void)run_live(detector, *open_source(clip),
                 {.jsonl = {.path = folder / "file.jsonl"}, .source_name = "clip"});
  WatchOptions options;
  options.camera.complete = true;
  options.live.jsonl = {.path = folder / "watch.jsonl"};
  Watch watch({{"clip", clip}}, options);
  (void)watch.run(only(std::make_unique<Detector>(tiny(1))));
  const auto file = lines_of(folder / "file.jsonl"), watched = lines_of(folder / "watch.jsonl");
  ASSERT_EQ(file.size(), 20);
  ASSERT_EQ(watched.size(), 20);
  for (size_t i = 0; i < file.size(); ++i) {
    EXPECT_EQ(keys_of(file[i]),
              (std::vector<std::string>{"schema", "source", "frame", "time_ms", "captured",
                                        "age_ms", "by", "skipped", "detections"}));
    EXPECT_EQ(keys_of(watched[i]), keys_of(file[i]));
    for (const char* key : {"schema", "source", "frame", "time_ms", "by"})
      EXPECT_EQ(watched[i][key], file[i][key]) << key;
  }
  EXPECT_EQ(file[0]["schema"], 1);
  EXPECT_EQ(file[10]["time_ms"], 480) << "after 360: two are left out";
  EXPECT_EQ(file[19]["time_ms"], 4920);
}

// As they were shown, in the recording as well.
TEST(Live, ARecordingKeepsThePace) {
  const TemporaryFolder folder;
  Detector detector(tiny(1));
  (void)run_live(detector, *open_source(kVideos + "/vfr.mkv"),
                 {.save = {.path = folder / "o.mp4"}});
  VideoReader from(kVideos + "/vfr.mkv"), to(folder / "o.mp4");
  VideoFrame a, b;
  int count = 0;
  for (; from.read(a); ++count) {
    ASSERT_TRUE(to.read(b));
    EXPECT_NEAR(to.seconds(), from.seconds(), 1e-4) << count;
  }
  EXPECT_FALSE(to.read(b));
  EXPECT_EQ(count, 20);
}

// What was made of a file that is cut short stays; that it is one is said.
TEST(Live, OfACutFileTheBeginningIsKept) {
  const TemporaryFolder folder;
  const fs::path cut = folder / "cut.mp4";
  const std::string whole = read_text_file(kVideos + "/fragmented.mp4");
  write_text_file(cut, whole.substr(0, whole.size() * 7 / 10));
  Detector detector(tiny(2));
  const LiveSummary summary =
      run_live(detector, *open_source(cut),
               {.save = {.path = folder / "o.mp4"}, .jsonl = {.path = folder / "o.jsonl"}});
  EXPECT_THAT(summary.cut_short, HasSubstr("cut.mp4: is cut short"));
  EXPECT_GT(summary.detected, 10);
  EXPECT_LT(summary.detected, 50);
  EXPECT_EQ(lines_of(folder / "o.jsonl").size(), static_cast<size_t>(summary.detected));
  EXPECT_EQ(VideoReader(folder / "o.mp4").info().frames, summary.detected);

  WatchOptions options;
  options.camera.complete = true;
  options.live.jsonl = {.path = folder / "watch.jsonl"};
  Watch watch({{"cut", cut}, {"pictures", kPictures}}, options);
  const WatchSummary watched = watch.run(only(std::make_unique<Detector>(tiny(1))));
  EXPECT_THAT(watched.cameras[0].status.error, HasSubstr("cut.mp4: is cut short"));
  EXPECT_EQ(watched.cameras[0].tally.detected, summary.detected);
  EXPECT_EQ(watched.cameras[1].tally.detected, 12);
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

// The first frame waits while a model is loaded, and the others do not.
TEST(Watch, AgesAreThoseAfterTheStart) {
  const TemporaryFolder folder;
  const Image image{.width = 64, .height = 48, .rgb = std::vector<uint8_t>(64 * 48 * 3, 90)};
  VideoWriter writer(folder / "late.mp4", image.size(), 10);
  for (const double time : {0.0, 2.0, 2.1, 2.2, 2.3, 2.4}) writer.write_at(image, time);
  writer.finish();
  WatchOptions options;
  options.camera.realtime = true;
  Watch watch({{"late", folder / "late.mp4"}}, options);
  ASSERT_TRUE(watch.wait_for_size(std::chrono::seconds(60)));
  std::this_thread::sleep_for(std::chrono::milliseconds(1500));
  const LiveSummary summary = watch.run(only(std::make_unique<Detector>(tiny(1)))).all;
  ASSERT_GT(summary.detected, 3);
  EXPECT_LT(summary.age_ms_p99, 1000);
}

TEST(Watch, EndsSoManySecondsAfterTheFirstResult) {
  WatchOptions options;
  options.camera.realtime = true;
  options.live.max_seconds = 0.45;
  Watch watch({{"clip", kClip}}, options);
  const LiveSummary summary = watch.run(only(std::make_unique<Detector>(tiny(1)))).all;
  EXPECT_GE(summary.detected, 2);
  EXPECT_LE(summary.detected, 6);  // the clip has 10 frames a second
  EXPECT_GT(summary.cpu_percent, 0);
  EXPECT_LE(summary.cpu_percent, 100);
}

// A frame an hour: the wish to stop is seen in between.
TEST(Watch, AWaitForTheNextFrameEndsWithTheWishToStop) {
  const TemporaryFolder folder;
  const Image image{.width = 64, .height = 48, .rgb = std::vector<uint8_t>(64 * 48 * 3, 90)};
  VideoWriter writer(folder / "slow.mp4", image.size(), 10);
  for (const double time : {0.0, 3600.0, 7200.0}) writer.write_at(image, time);
  writer.finish();
  WatchOptions options;
  options.camera.realtime = true;
  options.live.max_frames = 1;
  const auto began = std::chrono::steady_clock::now();
  {
    Watch watch({{"slow", folder / "slow.mp4"}}, options);
    EXPECT_EQ(watch.run(only(std::make_unique<Detector>(tiny(1)))).all.detected, 1);
  }
  EXPECT_LT(std::chrono::steady_clock::now() - began, std::chrono::seconds(60));
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

TEST(Watch, APictureThatCannotBeReadIsCountedOrEndsItsSource) {
  const TemporaryFolder folder;
  fs::copy_file(kPictures + "/000000000785.jpg", folder / "a.jpg");
  fs::copy_file(kPictures + "/000000000785.jpg", folder / "c.jpg");
  write_text_file(folder / "b.jpg", "no picture");
  write_text_file(folder / "d.jpg", "no picture");
  const auto watched = [&](BadPicture bad) {
    WatchOptions options;
    options.camera.complete = true;
    options.camera.bad_picture = bad;
    Watch watch({{"pictures", folder.path().string()}}, options);
    return watch.run(only(std::make_unique<Detector>(tiny(1)))).cameras.at(0);
  };
  const CameraSummary most = watched(BadPicture::kSkip);
  EXPECT_EQ(most.tally.detected, 2);
  EXPECT_EQ(most.status.unreadable, 2);
  EXPECT_EQ(most.status.error, "");
  const CameraSummary strict = watched(BadPicture::kStop);
  EXPECT_EQ(strict.tally.detected, 1);
  EXPECT_THAT(strict.status.error, HasSubstr("b.jpg"));
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

std::vector<double> times_of(const fs::path& video) {
  VideoReader reader(video);
  std::vector<double> times;
  for (VideoFrame frame; reader.read(frame);) times.push_back(reader.seconds());
  return times;
}

// What a full disk does to who writes: no file may become larger than `bytes`.
class FullDisk {
 public:
  explicit FullDisk(rlim_t bytes) : heard_(std::signal(SIGXFSZ, SIG_IGN)) {
    ::getrlimit(RLIMIT_FSIZE, &before_);
    const rlimit full{.rlim_cur = bytes, .rlim_max = before_.rlim_max};
    ::setrlimit(RLIMIT_FSIZE, &full);
  }
  ~FullDisk() {
    ::setrlimit(RLIMIT_FSIZE, &before_);
    std::signal(SIGXFSZ, heard_);
  }
  FullDisk(const FullDisk&) = delete;
  FullDisk& operator=(const FullDisk&) = delete;

 private:
  void (*heard_)(int);
  rlimit before_{};
};

TEST(Recording, GoesOnAfterTheEndOfAPartCouldNotBeWritten) {
  const TemporaryFolder folder;
  Recording recording({.path = folder / "v.mp4", .endless = true, .part_minutes = 1}, 1);
  const Image picture{.width = 64, .height = 64, .rgb = std::vector<uint8_t>(3 * 64 * 64)};
  for (int second = 0; second < 60; ++second) recording.add(picture, second);
  const auto error_at = [&](double second) {
    return error_of([&] { recording.add(picture, second); });
  };
  {
    const FullDisk full(1);
    EXPECT_THAT(error_at(60), HasSubstr("cannot be written"));
  }
  EXPECT_THAT(error_at(61), HasSubstr("nothing is written for 10 seconds"));
  for (int second = 71; second < 80; ++second) EXPECT_EQ(error_at(second), "");
  recording.finish();
  EXPECT_TRUE(fs::exists(folder / "v.1.mp4"));
  EXPECT_EQ(times_of(folder / "v.mp4").size(), 9U);
}

// Ten grey pictures a second of two cameras, one after the other, of which each counts for itself.
void save_two_cameras(const RecordingOptions& options) {
  WatchSinks sinks({.save = options}, true);
  const auto names = std::make_shared<const std::vector<std::string>>();
  for (int i = 0; i < 30; ++i) {
    const int64_t camera = i < 20 ? 3 : 7;
    CameraFrame frame{.seconds = camera == 3 ? 1000 + 0.1 * i : 0.1 * (i - 20)};
    frame.picture.is_video = false;
    frame.picture.image = {.width = 64, .height = 48, .rgb = std::vector<uint8_t>(64 * 48 * 3)};
    sinks.give(std::make_shared<const StreamResult>(
                   StreamResult{.camera_id = camera, .class_names = names}),
               frame);
  }
  sinks.finish();
}

TEST(Recording, AnotherCameraBeginsAPartOfItsOwn) {
  const TemporaryFolder folder;
  save_two_cameras({.path = folder / "v.mp4", .endless = true});
  for (const auto& [name, frames] : {std::pair{"v.1.mp4", 20U}, {"v.mp4", 10U}}) {
    const std::vector<double> times = times_of(folder / name);
    ASSERT_EQ(times.size(), frames) << name;
    for (size_t i = 0; i < frames; ++i)
      EXPECT_NEAR(times[i], 0.1 * static_cast<double>(i), 1e-3) << name;
  }
}

TEST(Recording, TheTimeOfAFileGoesOnWithTheNextSource) {
  const TemporaryFolder folder;
  save_two_cameras({.path = folder / "v.mp4"});
  const std::vector<double> times = times_of(folder / "v.mp4");
  ASSERT_EQ(times.size(), 30U);
  EXPECT_NEAR(times[19], 1.9, 1e-3);
  for (size_t i = 20; i < 30; ++i)
    EXPECT_NEAR(times[i], 1.9 + 1.0 / 30 + 0.1 * static_cast<double>(i - 20), 1e-3);
}

TEST(OpenSource, SaysWhatIsWrong) {
  EXPECT_THAT(error_of([] { (void)open_source("/no/such.mp4"); }), HasSubstr("/no/such.mp4"));
}

}  // namespace
}  // namespace octet
