// Sound videos of kinds that are met, and what is left of one that is cut. Those of tests/data/videos are
// written by tests/system/unusual_videos.py, which compares many more with ffprobe.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <numeric>
#include <vector>

#include "core/file.h"
#include "media/video/video.h"
#include "testing/testing.h"

namespace octet {
namespace {

using testing::HasSubstr;

namespace fs = std::filesystem;

const fs::path kVideos = OCTET_SOURCE_DIR "/tests/data/videos";

struct ReadVideo {
  std::vector<double> times_ms;
  std::string cut_short;
};

ReadVideo read_all(const fs::path& path) {
  ReadVideo out;
  VideoReader reader(path);
  VideoFrame frame;
  while (reader.read(frame)) out.times_ms.push_back(1e3 * reader.seconds());
  EXPECT_FALSE(reader.read(frame)) << "the end stays";
  out.cut_short = reader.cut_short();
  return out;
}

// Frames of 25 a second, by their numbers.
std::vector<double> at_25_fps(const std::vector<int>& numbers) {
  std::vector<double> times;
  for (const int number : numbers) times.push_back(40 * number);
  return times;
}
std::vector<double> at_25_fps(int count) {
  std::vector<int> numbers(static_cast<size_t>(count));
  std::iota(numbers.begin(), numbers.end(), 0);
  return at_25_fps(numbers);
}

struct Video {
  const char* name;
  std::vector<double> times_ms;
};

std::vector<Video> videos() {
  return {{"b-frames.mp4", at_25_fps(50)},
          {"b-frames-mpeg4.mkv", at_25_fps(20)},
          {"edit-list.mp4", at_25_fps(17)},                           // of 25 that are stored
          {"empty-chunks.avi", at_25_fps({0, 1, 2, 3, 5, 6, 7, 8})},  // of 10 that it states
          {"fragmented.mp4", at_25_fps(50)},
          {"negative.mp4", at_25_fps(50)},
          {"plain.flv", at_25_fps(50)},
          {"plain.ts", at_25_fps(50)},
          {"vfr.mkv",
           at_25_fps({0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 12, 16, 20, 24, 28, 107, 111, 115, 119, 123})}};
}

TEST(UnusualVideo, EveryFrameHasItsOwnTime) {
  for (const Video& video : videos()) {
    const ReadVideo read = read_all(kVideos / video.name);
    EXPECT_THAT(read.times_ms, testing::Pointwise(testing::DoubleNear(0.5), video.times_ms))
        << video.name;
    EXPECT_EQ(read.cut_short, "") << video.name;
  }
}

// What is left is read, and that there was more is known.
TEST(UnusualVideo, ACutIsNoticed) {
  const TemporaryFolder folder;
  for (const char* name : {"fragmented.mp4", "vfr.mkv", "plain.flv", "empty-chunks.avi"}) {
    const std::string whole = read_text_file(kVideos / name);
    const fs::path cut = folder / name;
    write_text_file(cut, whole.substr(0, whole.size() * 72 / 100));
    const ReadVideo read = read_all(cut);
    EXPECT_GT(read.times_ms.size(), 2) << name;
    EXPECT_LT(read.times_ms.size(), read_all(kVideos / name).times_ms.size()) << name;
    EXPECT_THAT(read.cut_short, HasSubstr(std::string(name) + ": is cut short: it ends after"));
    EXPECT_THAT(read.cut_short, HasSubstr(fmt::format("{} frames", read.times_ms.size())));
  }
  // A transport stream ends where it ends.
  const std::string whole = read_text_file(kVideos / "plain.ts");
  write_text_file(folder / "x.ts", whole.substr(0, 188 * 60));
  EXPECT_EQ(read_all(folder / "x.ts").cut_short, "");
}

// A header that states more frames than there are is wrong, and no frame is missing for that.
TEST(UnusualVideo, AWrongNumberOfFramesIsNoCut) {
  const TemporaryFolder folder;
  std::string file = read_text_file(kVideos / "empty-chunks.avi");
  for (const size_t at : {file.find("avih") + 8 + 16, file.find("strh") + 8 + 32}) {
    file[at] = '\x90';
    file[at + 1] = '\x01';
  }
  write_text_file(folder / "x.avi", file);
  const ReadVideo read = read_all(folder / "x.avi");
  EXPECT_EQ(read.times_ms.size(), 8);
  EXPECT_EQ(read.cut_short, "");
}

// Words of 32 bits, of a display matrix: ISO/IEC 14496-12, a b u, c d v.
std::string matrix(int a, int b, int c, int d) {
  std::string out;
  for (const int value : {a, b, 0, c, d}) {
    const int word = value * (1 << 16);
    for (const int shift : {24, 16, 8, 0}) out += static_cast<char>(word >> shift);
  }
  return out;
}

// A point (x, y) is shown at (a x + c y, b x + d y), moved into view.
TEST(UnusualVideo, MatricesTurnAndMirror) {
  const TemporaryFolder folder;
  const std::string whole = read_text_file(kVideos / "b-frames.mp4");
  VideoReader stored(kVideos / "b-frames.mp4");
  VideoFrame from;
  ASSERT_TRUE(stored.read(from));
  const YuvView in = from.yuv();
  for (int kind = 0; kind < 8; ++kind) {
    const int one = (kind & 1) != 0 ? -1 : 1, other = (kind & 2) != 0 ? -1 : 1;
    const bool transposed = (kind & 4) != 0;
    std::string file = whole;
    file.replace(file.find("tkhd") + 4 + 40, 20,
                 transposed ? matrix(0, one, other, 0) : matrix(one, 0, 0, other));
    write_text_file(folder / "x.mp4", file);
    VideoReader reader(folder / "x.mp4");
    VideoFrame to;
    ASSERT_TRUE(reader.read(to));
    const YuvView out = to.yuv();
    ASSERT_EQ(out.size, reader.info().size);
    ASSERT_EQ(out.size, (transposed ? Size{48, 64} : Size{64, 48}));
    for (int y = 0; y < in.size.height; ++y) {
      for (int x = 0; x < in.size.width; ++x) {
        const int sign_x = one, sign_y = other;
        const int from_left = sign_x > 0 ? x : in.size.width - 1 - x;
        const int from_top = sign_y > 0 ? y : in.size.height - 1 - y;
        const int to_x = transposed ? from_top : from_left,
                  to_y = transposed ? from_left : from_top;
        ASSERT_EQ(out.planes[0][to_y * out.strides_bytes[0] + to_x],
                  in.planes[0][y * in.strides_bytes[0] + x])
            << kind << " at " << x << ", " << y;
      }
    }
  }
}

}  // namespace
}  // namespace octet
