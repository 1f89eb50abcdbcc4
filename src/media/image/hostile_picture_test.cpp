// Pictures that nobody in good faith wrote.
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/stat.h>
#include <turbojpeg.h>

#include <ctime>
#include <filesystem>
#include <memory>

#include "core/file.h"
#include "core/log.h"
#include "media/image/image_io.h"
#include "media/image/limits.h"
#include "media/video/video.h"
#include "testing/testing.h"

namespace octet {
namespace {

using testing::HasSubstr;

namespace fs = std::filesystem;

Image grey(int width, int height) {
  return {.width = width,
          .height = height,
          .rgb = std::vector<uint8_t>(static_cast<size_t>(width) * height * 3, 128)};
}

std::string progressive_jpeg(const Image& image) {
  const std::unique_ptr<void, int (*)(void*)> jpeg(tjInitCompress(), tjDestroy);
  unsigned char* data = nullptr;
  unsigned long bytes = 0;
  EXPECT_EQ(tjCompress2(jpeg.get(), image.rgb.data(), image.width, 0, image.height, TJPF_RGB, &data,
                        &bytes, TJSAMP_420, 90, TJFLAG_PROGRESSIVE),
            0);
  const std::unique_ptr<unsigned char, decltype(&tjFree)> owned(data, tjFree);
  return {reinterpret_cast<const char*>(data), bytes};
}

// The same with its last scan so many times more: each goes through every block.
std::string with_scans(const std::string& jpeg, int scans) {
  const size_t last = jpeg.rfind("\xFF\xDA");
  const std::string scan = jpeg.substr(last, jpeg.size() - 2 - last);
  std::string out = jpeg.substr(0, jpeg.size() - 2);
  for (int i = 0; i < scans; ++i) out += scan;
  return out + "\xFF\xD9";
}

// An error of read_image() of a file with these bytes; what was logged where there is none.
std::string outcome(const std::string& bytes, const std::string& name = "x.jpg") {
  static std::string said;
  said.clear();
  set_log_sink([](LogLevel, const char*, const std::string& text) { said += text; });
  const TemporaryFolder folder;
  write_text_file(folder / name, bytes);
  const std::string error = error_of([&] { (void)read_image(folder / name); });
  set_log_sink(nullptr);
  return error.empty() ? said : error;
}

TEST(HostilePicture, ScansAreBounded) {
  const std::string jpeg = progressive_jpeg(grey(640, 480));
  EXPECT_EQ(outcome(jpeg), "");
  EXPECT_THAT(outcome(with_scans(jpeg, 1000)), HasSubstr("scans of 640 x 480 pixels"));
  const std::clock_t began = std::clock();
  (void)outcome(with_scans(progressive_jpeg(grey(3000, 3000)), 80));  // of few pixels: decoded
  EXPECT_LT((std::clock() - began) / CLOCKS_PER_SEC, 20) << "seconds of the processor";
  EXPECT_THAT(outcome(with_scans(progressive_jpeg(grey(5000, 5000)), 80)), HasSubstr("minutes"));
}

// Motion JPEG is decoded by FFmpeg, which nothing interrupts.
TEST(HostileVideo, ScansAreBounded) {
  const TemporaryFolder folder;
  const std::string jpeg = progressive_jpeg(grey(1920, 1080));
  const std::string slow = with_scans(jpeg, 20'000);
  const auto frames = [&](const std::string& bytes) {
    write_text_file(folder / "x.mjpeg", bytes);
    int count = 0;
    const std::string error = error_of([&] {
      VideoReader reader(folder / "x.mjpeg");
      VideoFrame frame;
      while (reader.read(frame)) ++count;
    });
    return std::pair{count, error};
  };
  EXPECT_EQ(frames(jpeg + jpeg).first, 2);
  const std::clock_t began = std::clock();
  EXPECT_EQ(frames(slow + jpeg + slow).first, 1);
  EXPECT_THAT(frames(slow + slow).second, HasSubstr("holds no video frame that can be read"));
  EXPECT_LT((std::clock() - began) / CLOCKS_PER_SEC, 5) << "seconds of the processor";
}

// A header can claim what it likes.
TEST(HostilePicture, JpegsHoldThePixelsTheyClaim) {
  std::string jpeg = progressive_jpeg(grey(64, 64));
  const size_t frame = jpeg.find("\xFF\xC2");
  ASSERT_NE(frame, std::string::npos);
  const auto claim = [&](int height, int width) {
    jpeg[frame + 5] = static_cast<char>(height >> 8);
    jpeg[frame + 6] = static_cast<char>(height);
    jpeg[frame + 7] = static_cast<char>(width >> 8);
    jpeg[frame + 8] = static_cast<char>(width);
    return outcome(jpeg);
  };
  EXPECT_THAT(claim(20'000, 20'000), HasSubstr("100 million are the most"));
  EXPECT_THAT(claim(9'000, 9'000), HasSubstr("bytes cannot hold 9000 x 9000 pixels"));
}

TEST(HostilePicture, OtherKindsHaveTheSameLimit) {
  EXPECT_THAT(outcome("P6\n20000 20000\n255\n", "x.ppm"), HasSubstr("100 million"));
  EXPECT_THAT(outcome("P6\n2 2\n255\nabc", "x.ppm"), HasSubstr("x.ppm: is not a readable image"));
}

// FFmpeg's demuxers take a file for what its content says, and open what that names.
TEST(HostilePicture, NoDemuxerSeesIt) {
  const TemporaryFolder folder;
  write_jpeg(folder / "real.jpg", grey(8, 8));
  const std::string real = (folder / "real.jpg").string();
  for (const std::string& text :
       {"ffconcat version 1.0\nfile " + real + "\n", "#EXTM3U\n#EXTINF:1,\n" + real + "\n",
        std::string("<svg width=\"9\" height=\"9\"></svg>")})
    EXPECT_THAT(outcome(text + std::string(2000, '\n'), "x.png"),
                HasSubstr("neither JPEG, PNG, BMP, WebP, TIFF nor PPM"));
}

// A grey TIFF of 2 × 1 pixels, 10 and 200.
std::string tiff(int compression, int orientation) {
  std::string out("II*\0\x08\0\0\0", 8);
  std::string entries;
  int count = 0;
  const auto add = [&](int tag, int value) {
    for (const int part : {tag, 3, 1, 0, value, 0}) {
      entries += static_cast<char>(part);
      entries += static_cast<char>(part >> 8);
    }
    ++count;
  };
  add(256, 2);
  add(257, 1);
  add(258, 8);
  add(259, compression);
  add(262, 1);
  add(273, 8 + 2 + 9 * 12 + 4);  // where the pixels lie
  add(274, orientation);
  add(278, 1);
  add(279, 2);
  out += static_cast<char>(count);
  return out + '\0' + entries + std::string(4, '\0') + "\x0A\xC8";
}

TEST(Tiff, StandsAsItSays) {
  const TemporaryFolder folder;
  const auto read = [&](int orientation) {
    write_text_file(folder / "x.tif", tiff(1, orientation));
    return read_image(folder / "x.tif");
  };
  EXPECT_LT(read(1).rgb.at(0), 100);
  EXPECT_GT(read(2).rgb.at(0), 100);
  EXPECT_EQ(read(6).size(), (Size{1, 2}));
  EXPECT_LT(read(6).rgb.at(0), 100);
  EXPECT_GT(read(8).rgb.at(0), 100);
}

TEST(Tiff, RareCompressionsAreRefused) {
  constexpr int kOldJpeg = 6, kLzma = 34925;
  for (const int compression : {kOldJpeg, kLzma, 65000})
    EXPECT_THAT(outcome(tiff(compression, 1), "x.tif"),
                HasSubstr(fmt::format("x.tif: is a TIFF of compression {}, which is not read",
                                      compression)));
}

TEST(Tiff, HoldsThePixelsItClaims) {
  std::string file = tiff(1, 1);
  const auto claim = [&](size_t entry, uint32_t value) {
    for (size_t i = 0; i < 4; ++i)
      file[8 + 2 + 12 * entry + 8 + i] = static_cast<char>(value >> (8 * i));
  };
  const auto claim_size = [&](uint16_t width, uint16_t height) {
    claim(0, width);
    claim(1, height);
    return outcome(file, "x.tif");
  };
  EXPECT_THAT(claim_size(20'000, 20'000), HasSubstr("100 million are the most"));
  EXPECT_THAT(claim_size(9'000, 9'000), HasSubstr("bytes cannot hold 9000 x 9000 pixels"));
  EXPECT_THAT(claim_size(20, 10), HasSubstr("x.tif: the image is damaged or cut short"));
  EXPECT_THAT(claim_size(0, 10), HasSubstr("x.tif: is not a readable image"));
}

TEST(HostilePicture, AWebpHasTheSameLimit) {
  // VP8L: a signature, and width and height less one in 14 bits each.
  const auto webp = [](uint32_t width, uint32_t height) {
    const uint32_t sizes = (width - 1) | (height - 1) << 14;
    std::string data("\x2F", 1);
    for (int i = 0; i < 4; ++i) data += static_cast<char>(sizes >> (8 * i));
    data += std::string(3, '\0');
    return "RIFF" + std::string("\x14\0\0\0", 4) + "WEBPVP8L" + std::string("\x08\0\0\0", 4) + data;
  };
  EXPECT_THAT(outcome(webp(16'000, 16'000), "x.webp"), HasSubstr("100 million are the most"));
  EXPECT_THAT(outcome(webp(16, 16), "x.webp"),
              HasSubstr("x.webp: the image is damaged or cut short"));
}

TEST(DamagedPicture, IsSaid) {
  Image noise = grey(64, 64);
  uint32_t state = 1;
  for (uint8_t& v : noise.rgb)
    v = static_cast<uint8_t>((state = state * 1664525 + 1013904223) >> 24);
  std::string jpeg;
  for (const uint8_t b : encode_jpeg(noise)) jpeg += static_cast<char>(b);
  EXPECT_EQ(outcome(jpeg), "");
  jpeg[jpeg.size() / 2] = '\xFF';  // begins a marker that does not belong there
  jpeg[jpeg.size() / 2 + 1] = '\xD3';
  EXPECT_THAT(outcome(jpeg), HasSubstr("damaged"));
}

TEST(HostilePicture, IsARegularFile) {
  const TemporaryFolder folder;
  ASSERT_EQ(::mkfifo((folder / "x.jpg").c_str(), 0600), 0);
  EXPECT_THAT(error_of([&] { (void)read_image(folder / "x.jpg"); }), HasSubstr("regular file"));
}

}  // namespace
}  // namespace octet
