#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <turbojpeg.h>
#include <unistd.h>

extern "C" {
#include <libavutil/buffer.h>
}

#include <array>
#include <atomic>
#include <cstring>
#include <fstream>
#include <optional>
#include <thread>
#include <vector>

#include "core/file.h"
#include "media/image/image_io.h"
#include "media/stream/stream.h"
#include "media/video/frame_pool.h"
#include "media/video/video.h"
#include "testing/testing.h"

namespace octet {
namespace {

using testing::HasSubstr;

namespace fs = std::filesystem;

const fs::path kClip = OCTET_SOURCE_DIR "/samples/person.mp4";
const fs::path kPicture = OCTET_SOURCE_DIR "/samples/coco/images/val/000000000785.jpg";

// Left half red, right half blue, upper quarter white: every turn and mirroring shows.
Image flag(int width, int height) {
  Image image{.width = width, .height = height, .rgb = {}};
  for (int y = 0; y < height; ++y) {
    for (int x = 0; x < width; ++x) {
      const uint8_t white = y < height / 4 ? 255 : 0;
      image.rgb.insert(image.rgb.end(), {x < width / 2 ? uint8_t{255} : white, white,
                                         x < width / 2 ? white : uint8_t{255}});
    }
  }
  return image;
}

// The picture's JPEG with an EXIF orientation put in.
void write_turned(const fs::path& path, const Image& image, uint8_t orientation) {
  write_jpeg(path, image, 95);
  const std::string jpeg = read_text_file(path);
  std::string exif(
      "\xFF\xE1\x00\x22"
      "Exif\0\0"
      "II*\0\x08\0\0\0"
      "\x01\0"
      "\x12\x01\x03\0\x01\0\0\0",
      28);
  exif += std::string{static_cast<char>(orientation), 0, 0, 0} + std::string(4, '\0');
  write_text_file(path, jpeg.substr(0, 2) + exif + jpeg.substr(2));
}

bool red(const Image& image, int x, int y) {
  const uint8_t* p = &image.rgb[(static_cast<size_t>(y) * image.width + x) * 3];
  return p[0] > 150 && p[2] < 100;
}

TEST(ReadImage, HonoursOrientation) {
  const TemporaryFolder folder;
  const auto turned = [&](uint8_t orientation) {
    write_turned(folder / "t.jpg", flag(64, 32), orientation);
    return read_image(folder / "t.jpg");
  };
  EXPECT_TRUE(red(turned(1), 5, 25));
  EXPECT_TRUE(red(turned(2), 58, 25));
  EXPECT_TRUE(red(turned(3), 58, 5));
  EXPECT_TRUE(red(turned(4), 5, 5));
  const Image clockwise = turned(6);  // what was left is up, what was the bottom is left
  EXPECT_EQ(clockwise.size(), (Size{32, 64}));
  EXPECT_TRUE(red(clockwise, 5, 5));
  EXPECT_FALSE(red(clockwise, 5, 58));
  const Image other = turned(8);
  EXPECT_TRUE(red(other, 25, 58));
  EXPECT_TRUE(red(turned(5), 25, 5));
  EXPECT_TRUE(red(turned(7), 5, 58));
}

TEST(ReadImage, OtherFormats) {
  const TemporaryFolder folder;
  std::string ppm = "P6\n4 2\n255\n";
  for (int i = 0; i < 8; ++i) ppm += std::string("\xff\x00\x10", 3);
  write_text_file(folder / "a.ppm", ppm);
  const Image image = read_image(folder / "a.ppm");
  EXPECT_EQ(image.size(), (Size{4, 2}));
  EXPECT_EQ(image.rgb[0], 255);
  EXPECT_EQ(image.rgb[2], 16);
}

TEST(ReadImage, SaysWhatIsWrong) {
  const TemporaryFolder folder;
  const auto whole = read_text_file(kPicture);
  const auto message = [&](const std::string& bytes) {
    write_text_file(folder / "x.jpg", bytes);
    return error_of([&] { (void)read_image(folder / "x.jpg"); });
  };
  EXPECT_THAT(message(""), HasSubstr("x.jpg: is empty"));
  EXPECT_THAT(message(whole.substr(0, whole.size() / 2)),
              HasSubstr("x.jpg: the image is damaged or cut short"));
  EXPECT_THAT(message(whole.substr(0, 20)), HasSubstr("x.jpg"));
  EXPECT_THAT(message("some text that is no picture"), HasSubstr("x.jpg"));
  EXPECT_THAT(error_of([&] { (void)read_image(folder.path()); }), HasSubstr("folder"));
  EXPECT_THAT(error_of([&] { (void)read_image(kClip); }), HasSubstr("octet live"));
}

TEST(ReadImage, FollowsLinksThatGitWroteAsText) {
  const TemporaryFolder folder;
  fs::copy(kPicture, folder / "real.jpg");
  write_text_file(folder / "link.jpg", "real.jpg");
  EXPECT_EQ(read_image(folder / "link.jpg").rgb, read_image(kPicture).rgb);
  write_text_file(folder / "loop.jpg", "loop.jpg");
  EXPECT_NE(error_of([&] { (void)read_image(folder / "loop.jpg"); }), "");
}

TEST(ListImages, FolderGlobAndFile) {
  const std::string folder = kPicture.parent_path().string();
  EXPECT_EQ(list_images(folder).size(), 12U);
  EXPECT_EQ(list_images(folder + "/*785.jpg").size(), 1U);
  EXPECT_EQ(list_images(kPicture.string()).size(), 1U);
  EXPECT_THAT(error_of([&] { (void)list_images(folder + "/*.gif"); }),
              HasSubstr("matches no images"));
  EXPECT_THAT(error_of([&] { (void)list_images("/no/such"); }), HasSubstr("no such"));
  EXPECT_THAT(error_of([&] { (void)list_images(kPicture.parent_path().parent_path().string()); }),
              HasSubstr("folders below it are not read"));
}

TEST(VideoReader, ReadsEveryFrame) {
  VideoReader reader(kClip);
  EXPECT_EQ(reader.info().size, (Size{768, 432}));
  EXPECT_EQ(reader.info().frames, 110);
  VideoFrame frame;
  int count = 0;
  while (reader.read(frame)) ++count;
  EXPECT_EQ(count, 110);
  EXPECT_EQ(reader.damaged_packets(), 0);
}

// A phone held upright writes its pictures lying, with a matrix that turns them by a quarter.
TEST(VideoReader, TurnsPicturesUpright) {
  const TemporaryFolder folder;
  std::string file = read_text_file(kClip);
  const size_t matrix = file.find("tkhd") + 4 + 40;  // ISO/IEC 14496-12: a b u, c d v, x y w
  const std::string zero(4, '\0');
  const std::string one("\0\1\0\0", 4);
  const std::string minus_one("\xff\xff\0\0", 4);
  file.replace(matrix, 20, zero + one + zero + minus_one + zero);
  write_text_file(folder / "turned.mp4", file);
  VideoReader lying(kClip);
  VideoReader upright(folder / "turned.mp4");
  EXPECT_EQ(upright.info().size, (Size{432, 768}));
  VideoFrame a;
  VideoFrame b;
  ASSERT_TRUE(lying.read(a));
  ASSERT_TRUE(upright.read(b));
  const YuvView from = a.yuv();
  const YuvView to = b.yuv();
  ASSERT_EQ(to.size, upright.info().size);
  for (int y = 0; y < 768; y += 7) {
    for (int x = 0; x < 432; x += 5) {
      ASSERT_EQ(to.planes[0][y * to.strides_bytes[0] + x],
                from.planes[0][(431 - x) * from.strides_bytes[0] + y]);
    }
  }
}

TEST(VideoReader, SaysWhatIsWrong) {
  const TemporaryFolder folder;
  const std::string whole = read_text_file(kClip);
  const auto message = [&](const std::string& bytes) {
    write_text_file(folder / "x.mp4", bytes);
    return error_of([&] {
      VideoReader reader(folder / "x.mp4");
      VideoFrame frame;
      while (reader.read(frame)) {
      }
    });
  };
  EXPECT_EQ(message(whole), "");
  EXPECT_THAT(message(""), HasSubstr("x.mp4"));
  EXPECT_THAT(message(whole.substr(0, whole.size() / 2)), HasSubstr("cut short"));
  EXPECT_THAT(message(std::string(50000, 'x')), HasSubstr("x.mp4"));
}

TEST(VideoWriter, RoundTrip) {
  const TemporaryFolder folder;
  const Size odd{63, 47};
  {
    VideoWriter writer(folder / "o.mp4", odd, 12.5);
    for (int i = 0; i < 10; ++i) writer.write(flag(odd.width, odd.height));
    EXPECT_FALSE(fs::exists(folder / "o.mp4"));
    writer.finish();
  }
  VideoReader reader(folder / "o.mp4");
  EXPECT_EQ(reader.info().size, (Size{64, 48}));
  EXPECT_NEAR(reader.info().fps, 12.5, 0.01);
  VideoFrame frame;
  int count = 0;
  for (; reader.read(frame); ++count) EXPECT_TRUE(red(frame.to_rgb(), 10, 35));
  EXPECT_EQ(count, 10);
  { VideoWriter unfinished(folder / "u.mp4", odd, 10); }
  EXPECT_EQ(std::distance(fs::directory_iterator(folder.path()), {}),
            1);  // nothing half-written stays
  EXPECT_EQ(error_of([&] { VideoWriter bad(folder / "o.nothing", odd, 10); }).find(".nothing") !=
                std::string::npos,
            true);
}

TEST(VideoWriter, WhatAppearsAtOnceCanBePlayedBeforeItsEnd) {
  const TemporaryFolder folder;
  VideoWriter writer(folder / "o.mp4", {64, 48}, 10, Appears::kAtOnce);
  for (int i = 0; i < 300; ++i) writer.write(flag(64, 48));
  fs::copy_file(folder / "o.mp4", folder / "cut.mp4");  // the power fails
  VideoReader reader(folder / "cut.mp4");
  VideoFrame frame;
  int count = 0;
  for (; reader.read(frame); ++count) EXPECT_TRUE(red(frame.to_rgb(), 10, 35));
  EXPECT_GE(count, 200);
  writer.finish();
  VideoReader whole(folder / "o.mp4");
  for (count = 0; whole.read(frame); ++count) {
  }
  EXPECT_EQ(count, 300);
}

// As rpicam-vid writes it: a stream without container, whose pictures end nowhere but where the
// next begins. The last of them is there before there is a next.
TEST(Stream, APictureFromStandardInputIsNotKeptBack) {
  const fs::path stream = OCTET_SOURCE_DIR "/tests/data/streams/120-pictures.h264";
  const std::string bytes = read_text_file(stream);
  std::array<int, 2> pipe_ends{};
  ASSERT_EQ(::pipe(pipe_ends.data()), 0);
  const int standard_input = ::dup(STDIN_FILENO);
  ::dup2(pipe_ends[0], STDIN_FILENO);
  ASSERT_EQ(::write(pipe_ends[1], bytes.data(), bytes.size()),
            static_cast<ssize_t>(bytes.size()));  // it fits into a pipe
  std::atomic<bool> all_there = false;
  std::jthread writer([&, end = pipe_ends[1]] {  // waits, as the next picture does
    for (int i = 0; i < 200 && !all_there; ++i)
      std::this_thread::sleep_for(std::chrono::milliseconds(50));
    EXPECT_TRUE(all_there);
    ::close(end);
  });
  const std::atomic<bool> stop = false;
  std::vector<VideoFrame> pictures;
  {
    StreamReader reader("-", {.patience = std::chrono::seconds(20)}, stop);
    VideoFrame frame;
    std::chrono::steady_clock::time_point arrived;
    for (int i = 0; i < 120; ++i) {
      EXPECT_TRUE(reader.read(frame, arrived)) << i;
      EXPECT_EQ(frame.size(), (Size{64, 64}));
      pictures.push_back(frame.share());
    }
    all_there = true;
    EXPECT_FALSE(reader.read(frame, arrived));
  }
  VideoReader file(stream);
  VideoFrame frame;
  for (const VideoFrame& picture : pictures) {  // they outlive their reader
    ASSERT_TRUE(file.read(frame));
    EXPECT_EQ(picture.to_rgb().rgb, frame.to_rgb().rgb);
  }
  ::dup2(standard_input, STDIN_FILENO);
  for (const int end : {standard_input, pipe_ends[0]}) ::close(end);
}

TEST(FramePool, KeepsAFewOfWhatWasInUseAtOnce) {
  std::vector<AVBufferRef*> taken;
  std::optional<FramePool> pool(std::in_place);
  for (int i = 0; i < 20; ++i) taken.push_back(pool->take(100'000));
  EXPECT_EQ(pool->spares(), 0);
  const auto release = [&](size_t left) {
    for (; taken.size() > left; taken.pop_back()) av_buffer_unref(&taken.back());
  };
  release(18);
  EXPECT_EQ(pool->spares(), 2);
  taken.push_back(pool->take(100'000));
  EXPECT_EQ(pool->spares(), 1);
  release(5);
  EXPECT_EQ(pool->spares(), FramePool::kSpares);
  taken.push_back(pool->take(50'000));  // the camera's pictures are smaller now
  EXPECT_EQ(pool->spares(), 0);
  release(1);
  EXPECT_EQ(pool->spares(), 1);
  pool.reset();
  std::memset(taken[0]->data, 1, 100'000);
  release(0);
}

}  // namespace
}  // namespace octet
