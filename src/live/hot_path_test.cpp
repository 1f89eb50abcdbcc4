// The rule of the live loop: from one frame to the next octet's own threads allocate nothing. This
// program's allocator counts; calls of engines, of FFmpeg and of sinks are left out (core/hot_path.h).
#include "core/hot_path.h"

#include <execinfo.h>
#include <gtest/gtest.h>

#include <array>
#include <atomic>
#include <cstdlib>
#include <new>

#include "detect/test_pose_network.h"
#include "live/file_pipeline.h"
#include "live/watch.h"
#include "testing/testing.h"

namespace {

std::atomic<bool> g_counting = false;
std::atomic<int64_t> g_allocations = 0;
std::array<void*, 24> g_first{};  // where the first one came from
int g_depth = 0;

void* allocate(size_t bytes, size_t alignment) {
  if (g_counting && octet::is_hot_path() && ++g_allocations == 1) {
    const octet::ForeignCall itself;
    g_depth = ::backtrace(g_first.data(), static_cast<int>(g_first.size()));
  }
  const size_t rounded = (bytes + alignment - 1) / alignment * alignment;
  void* data = std::aligned_alloc(alignment, rounded == 0 ? alignment : rounded);
  if (data == nullptr) throw std::bad_alloc();
  return data;
}

}  // namespace

void* operator new(size_t bytes) { return allocate(bytes, alignof(std::max_align_t)); }
void* operator new[](size_t bytes) { return allocate(bytes, alignof(std::max_align_t)); }
void* operator new(size_t bytes, std::align_val_t alignment) {
  return allocate(bytes, static_cast<size_t>(alignment));
}
void* operator new[](size_t bytes, std::align_val_t alignment) {
  return allocate(bytes, static_cast<size_t>(alignment));
}
void operator delete(void* data) noexcept { std::free(data); }
void operator delete[](void* data) noexcept { std::free(data); }
void operator delete(void* data, size_t) noexcept { std::free(data); }
void operator delete[](void* data, size_t) noexcept { std::free(data); }
void operator delete(void* data, std::align_val_t) noexcept { std::free(data); }
void operator delete[](void* data, std::align_val_t) noexcept { std::free(data); }
void operator delete(void* data, size_t, std::align_val_t) noexcept { std::free(data); }
void operator delete[](void* data, size_t, std::align_val_t) noexcept { std::free(data); }

namespace octet {
namespace {

constexpr int kFrames = 110;  // of the clip

// The clip twice: in the second half everything has been seen once.
void write_clip_twice(const std::filesystem::path& path) {
  VideoWriter writer(path, {768, 432}, 10);
  for (int turn = 0; turn < 2; ++turn) {
    VideoReader reader(OCTET_SOURCE_DIR "/samples/person.mp4");
    VideoFrame frame;
    while (reader.read(frame)) writer.write(frame.to_rgb());
  }
  writer.finish();
}

DetectorOptions people(int side) {
  return {.model = OCTET_SOURCE_DIR "/samples/yolov8n-int8.safetensors",
          .size = SizeOption{.size = {side, side}},
          .source = Size{768, 432}};
}

// Between the two frames, the first of which comes after all was seen once.
void count_from(int64_t frame) {
  constexpr int64_t kBegin = kFrames + 15, kEnd = 2 * kFrames - 5;
  if (frame == kBegin) g_allocations = 0;
  if (frame == kBegin || frame == kEnd) g_counting = frame == kBegin;
}

// Buffers grow when more is seen at once than ever before, which depends on what a busy machine
// skips. An allocation a frame is in every run: the least of six counts.
template <typename Run>
void expect_none(Run&& run) {
  int64_t least = -1;
  for (int i = 0; i < 6 && least != 0; ++i) {
    g_allocations = 0;
    run();
    g_counting = false;
    least = least < 0 ? g_allocations.load() : std::min<int64_t>(least, g_allocations);
  }
  if (least > 0) ::backtrace_symbols_fd(g_first.data(), g_depth, 2);
  EXPECT_EQ(least, 0);
}

TEST(HotPath, ItsMarksAreCounted) {
  g_allocations = 0;
  g_counting = true;
  delete new int(1);
  EXPECT_EQ(g_allocations, 0) << "not on the hot path";
  {
    const HotPath hot;
    delete new int(1);
    const ForeignCall sink;
    delete new int(1);
  }
  g_counting = false;
  EXPECT_EQ(g_allocations, 1);
}

struct Case {
  const char* name;
  WatchOptions options;
  bool pose = false;
};

class WatchLoop : public testing::TestWithParam<Case> {};

void watch_twice(const Case& tested) {
  WatchOptions options = tested.options;
  const TemporaryFolder folder;
  write_clip_twice(folder / "twice.mp4");
  options.camera.complete = true;
  options.live.jsonl.path = folder / "out.jsonl";
  int64_t objects = 0, keypoints = 0;
  SharedResult held;  // as a page holds the newest
  options.on_result = [&](const SharedResult& r, const Picture&) {
    objects += static_cast<int64_t>(r->detections.items.size());
    keypoints += static_cast<int64_t>(r->detections.keypoints.size());
    held = r;
    count_from(r->frame);
  };
  const RegionSpec regions{
      .zones = {{.name = "left", .corners = {{0, 0}, {0.5F, 0}, {0.5F, 1}, {0, 1}}}},
      .lines = {{.name = "gate", .from = {0.5F, 0}, .to = {0.5F, 1}}}};
  Watch watch({{"twice", folder / "twice.mp4", regions}}, options);
  Detectors detectors;
  for (const int side : {320, 192}) detectors.push_back(std::make_unique<Detector>(people(side)));
  std::unique_ptr<PersonPoser> poser;
  if (tested.pose) {
    write_colour_pose_network(folder / "pose.safetensors");
    poser = make_poser(people(320), folder / "pose.safetensors", *detectors[0]);
  }
  EXPECT_EQ(watch.run(std::move(detectors), std::move(poser)).all.frames, 2 * kFrames);
  EXPECT_GT(objects, 20);
  EXPECT_EQ(keypoints > 20, tested.pose);
}

TEST_P(WatchLoop, AllocatesNothing) {
  expect_none([] { watch_twice(GetParam()); });
}

std::vector<Case> cases() {
  Case plain{.name = "Plain", .options = {}};
  Case tracked{.name = "Tracked", .options = {}};
  tracked.options.attention.track = true;
  Case gated = tracked;
  gated.name = "SkippingAndGated";
  gated.options.attention.motion_gate = true;
  gated.options.skip = kAutoSkip;
  Case governed = tracked;
  governed.name = "Governed";
  governed.options.goals.target_fps = 0.1;
  Case posed = gated;
  posed.name = "Posed";
  posed.options.people = {.budget_ms = 1, .smooth = true};
  posed.pose = true;
  return {plain, tracked, gated, governed, posed};
}

INSTANTIATE_TEST_SUITE_P(HotPath, WatchLoop, testing::ValuesIn(cases()),
                         [](const auto& tested) { return tested.param.name; });

// Counts the frames that it hands out.
class CountedSource : public Source {
 public:
  explicit CountedSource(std::unique_ptr<Source> source) : source_(std::move(source)) {}
  bool next(Picture& out) override {
    count_from(frames_++);
    return source_->next(out);
  }
  [[nodiscard]] VideoInfo info() const override { return source_->info(); }

 private:
  std::unique_ptr<Source> source_;
  int64_t frames_ = 0;
};

void detect_twice() {
  const TemporaryFolder folder;
  write_clip_twice(folder / "twice.mp4");
  DetectorOptions options = people(320);
  options.runtime.parallel = 2;
  Detector detector(options);
  CountedSource source(open_source(folder / "twice.mp4"));
  const LiveSummary summary = run_live(detector, source, {.jsonl = {.path = folder / "out.jsonl"}});
  EXPECT_EQ(summary.detected, 2 * kFrames);
}

TEST(HotPath, FilePipelineAllocatesNothing) { expect_none(detect_twice); }

}  // namespace
}  // namespace octet
