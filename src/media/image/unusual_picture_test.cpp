// Sound pictures of kinds that are rarely met. tests/system/unusual_pictures.py compares many more with
// OpenCV, and wrote those of tests/data/pictures: 61 x 43 pixels with a red corner of 17 x 9.
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <tiffio.h>
#include <turbojpeg.h>

#include <cstdlib>
#include <memory>
#include <vector>

#include "core/file.h"
#include "media/image/image_io.h"
#include "media/image/jpeg_markers.h"
#include "testing/testing.h"

namespace octet {
namespace {

using testing::HasSubstr;

namespace fs = std::filesystem;

const fs::path kPictures = OCTET_SOURCE_DIR "/tests/data/pictures";

Image gradient(int width, int height) {
  Image image{.width = width, .height = height, .rgb = {}};
  for (int y = 0; y < height; ++y) {
    for (int x = 0; x < width; ++x)
      for (const int v : {4 * x, 4 * y, 2 * (x + y)}) image.rgb.push_back(static_cast<uint8_t>(v));
  }
  return image;
}

std::string jpeg_of(const Image& image, int flags) {
  const std::unique_ptr<void, int (*)(void*)> jpeg(tjInitCompress(), tjDestroy);
  unsigned char* data = nullptr;
  unsigned long bytes = 0;
  EXPECT_EQ(tjCompress2(jpeg.get(), image.rgb.data(), image.width, 0, image.height, TJPF_RGB, &data,
                        &bytes, TJSAMP_420, 95, flags),
            0);
  const std::unique_ptr<unsigned char, decltype(&tjFree)> owned(data, tjFree);
  return {reinterpret_cast<const char*>(data), bytes};
}

class UnusualPicture : public testing::Test {
 protected:
  Image read(const std::string& bytes) {
    write_text_file(folder_ / "x.jpg", bytes);
    return read_image(folder_ / "x.jpg");
  }
  std::string error(const std::string& bytes) {
    return error_of([&] { (void)read(bytes); });
  }
  TemporaryFolder folder_;
};

// How far two pictures of one size differ at most.
int furthest(const Image& a, const Image& b) {
  EXPECT_EQ(a.size(), b.size());
  int most = 0;
  for (size_t i = 0; i < std::min(a.rgb.size(), b.rgb.size()); ++i)
    most = std::max(most, std::abs(a.rgb[i] - b.rgb[i]));
  return most;
}

// Every pixel is there, and nothing behind them.
TEST_F(UnusualPicture, AJpegWithoutItsEndMarkerIsRead) {
  for (const int flags : {0, TJFLAG_PROGRESSIVE}) {
    const std::string whole = jpeg_of(gradient(61, 43), flags);
    ASSERT_TRUE(whole.ends_with("\xFF\xD9"));
    EXPECT_EQ(read(whole.substr(0, whole.size() - 2)).rgb, read(whole).rgb) << flags;
    EXPECT_EQ(read(whole + "junk").rgb, read(whole).rgb) << flags;
  }
}

TEST_F(UnusualPicture, AJpegThatIsCutShortIsAnError) {
  for (const int flags : {0, TJFLAG_PROGRESSIVE}) {
    const std::string whole = jpeg_of(gradient(61, 43), flags);
    for (const size_t missing : {20, 100, 400})
      EXPECT_THAT(error(whole.substr(0, whole.size() - missing)), HasSubstr("damaged or cut short"))
          << flags << " " << missing;
  }
  // Between two scans nothing tells libjpeg-turbo that there were more.
  const std::string progressive = jpeg_of(gradient(61, 43), TJFLAG_PROGRESSIVE);
  const std::string scans = progressive.substr(0, progressive.rfind("\xFF\xDA"));
  EXPECT_THAT(error(scans), HasSubstr("some of its scans are missing"));
  EXPECT_EQ(error(scans + "\xFF\xD9"), "") << "it is what its writer wanted";
}

// 5 x 3 pixels of 8 or 4 bits; each row is a run of two pixels, and three that are stored as they are.
std::string bmp_of_runs(bool half_bytes) {
  const auto number = [](uint32_t value) {
    return std::string{static_cast<char>(value), static_cast<char>(value >> 8), 0, 0};
  };
  const std::string stored = half_bytes ? std::string("\x12\x30", 2) : std::string("\1\2\3\0", 4);
  std::string rows;
  for (int row = 0; row < 3; ++row) {
    rows += std::string("\2\1\0\3", 4) + stored;
    rows += row < 2 ? std::string("\0\0", 2) : std::string("\0\1", 2);
  }
  const uint32_t colours = 16, data_at = 54 + 4 * colours;
  const std::string planes_and_bits{1, 0, static_cast<char>(half_bytes ? 4 : 8), 0};
  return "BM" + number(data_at + static_cast<uint32_t>(rows.size())) + number(0) + number(data_at) +
         number(40) + number(5) + number(3) + planes_and_bits + number(half_bytes ? 2 : 1) +
         number(static_cast<uint32_t>(rows.size())) + number(0) + number(0) + number(colours) +
         number(0) + std::string(4 * colours, '\x40') + rows;
}

// As OpenCV does. The last row is whole without the mark of the end.
TEST_F(UnusualPicture, ABmpOfRunsThatIsCutShortIsAnError) {
  for (const bool half_bytes : {false, true}) {
    const std::string whole = bmp_of_runs(half_bytes);
    const size_t row = half_bytes ? 8 : 10;
    EXPECT_EQ(read(whole).size(), (Size{5, 3})) << half_bytes;
    EXPECT_EQ(read(whole.substr(0, whole.size() - 2)).rgb, read(whole).rgb) << half_bytes;
    for (const size_t missing : {size_t{6}, row, 2 * row + 1})
      EXPECT_THAT(error(whole.substr(0, whole.size() - missing)), HasSubstr("damaged or cut short"))
          << half_bytes << " " << missing;
    const std::string ended = whole.substr(0, whole.size() - row - 2) + std::string("\0\1", 2);
    EXPECT_EQ(read(ended).size(), (Size{5, 3})) << "it is what its writer wanted";
  }
}

TEST(JpegMarkers, AnyBytesAreTaken) {
  const std::string progressive = jpeg_of(gradient(61, 43), TJFLAG_PROGRESSIVE);
  const auto bytes = std::as_bytes(std::span(progressive));
  EXPECT_TRUE(JpegMarkers(bytes).has_all_scans());
  EXPECT_TRUE(JpegMarkers(bytes).has_end());
  EXPECT_GT(JpegMarkers(bytes).scans(), 5);
  for (size_t size = 0; size < bytes.size(); ++size)
    EXPECT_FALSE(JpegMarkers(bytes.first(size)).has_end()) << size;
  EXPECT_FALSE(JpegMarkers({}).has_all_scans());
}

// As Adobe's programs write it: 255 is no ink. YCCK is CMYK whose colours are told as a difference.
TEST_F(UnusualPicture, CmykJpegsAreRead) {
  const int side = 16;
  std::vector<uint8_t> cmyk;
  for (int i = 0; i < side * side; ++i) cmyk.insert(cmyk.end(), {200, 100, 50, 204});
  const std::unique_ptr<void, int (*)(void*)> jpeg(tjInitCompress(), tjDestroy);
  unsigned char* data = nullptr;
  unsigned long bytes = 0;
  ASSERT_EQ(tjCompress2(jpeg.get(), cmyk.data(), side, 0, side, TJPF_CMYK, &data, &bytes,
                        TJSAMP_444, 100, 0),
            0);
  const std::unique_ptr<unsigned char, decltype(&tjFree)> owned(data, tjFree);
  const Image ycck = read({reinterpret_cast<const char*>(data), bytes});
  EXPECT_EQ(ycck.size(), (Size{side, side}));
  EXPECT_NEAR(ycck.rgb[0], 160, 3);  // 200 · 204 / 255
  EXPECT_NEAR(ycck.rgb[1], 80, 3);
  EXPECT_NEAR(ycck.rgb[2], 40, 3);
  const Image stored = read_image(kPictures / "cmyk.jpg");
  EXPECT_EQ(stored.size(), (Size{61, 43}));
  EXPECT_GT(stored.rgb[0], 200);
  EXPECT_LT(stored.rgb[2], 60);
}

TEST_F(UnusualPicture, PngAndWebpStandAsTheirExifSays) {
  for (const char* name : {"turned-6.png", "turned-6.webp"}) {  // what was left is up
    const Image image = read_image(kPictures / name);
    EXPECT_EQ(image.size(), (Size{43, 61})) << name;
    const auto* right = &image.rgb[(size_t{8} * 43 + 38) * 3];
    EXPECT_TRUE(right[0] == 255 && right[1] == 40 && right[2] == 0) << name;
  }
}

TEST_F(UnusualPicture, OfAnAnimationTheFirstPictureIsRead) {
  const Image image = read_image(kPictures / "animated.webp");
  EXPECT_EQ(image.size(), (Size{61, 43}));
  EXPECT_EQ(std::vector<uint8_t>(image.rgb.begin(), image.rgb.begin() + 3),
            (std::vector<uint8_t>{255, 40, 0}));
  EXPECT_EQ(image.rgb[17 * 3], 17 * 255 / 61) << "the second has its corner elsewhere";
}

TEST_F(UnusualPicture, SixteenBitsBecomeEight) {
  const Image image = read_image(kPictures / "sixteen.png");
  EXPECT_EQ(image.size(), (Size{61, 43}));
  EXPECT_NEAR(image.rgb[0], 127, 1);
}

struct TiffKind {
  const char* name;
  uint16_t compression;
  bool tiled, planes;
  int furthest;
};

constexpr int kTile = 32;

void set_fields(TIFF* tiff, const Image& image, const TiffKind& kind) {
  const bool is_jpeg = kind.compression == COMPRESSION_JPEG;
  TIFFSetField(tiff, TIFFTAG_IMAGEWIDTH, image.width);
  TIFFSetField(tiff, TIFFTAG_IMAGELENGTH, image.height);
  TIFFSetField(tiff, TIFFTAG_BITSPERSAMPLE, 8);
  TIFFSetField(tiff, TIFFTAG_SAMPLESPERPIXEL, 3);
  TIFFSetField(tiff, TIFFTAG_COMPRESSION, kind.compression);
  TIFFSetField(tiff, TIFFTAG_PLANARCONFIG,
               kind.planes ? PLANARCONFIG_SEPARATE : PLANARCONFIG_CONTIG);
  TIFFSetField(tiff, TIFFTAG_PHOTOMETRIC, is_jpeg ? PHOTOMETRIC_YCBCR : PHOTOMETRIC_RGB);
  if (is_jpeg) TIFFSetField(tiff, TIFFTAG_JPEGCOLORMODE, JPEGCOLORMODE_RGB);
  TIFFSetField(tiff, kind.tiled ? TIFFTAG_TILEWIDTH : TIFFTAG_ROWSPERSTRIP, kTile);
  if (kind.tiled) TIFFSetField(tiff, TIFFTAG_TILELENGTH, kTile);
}

// The samples of a block that begins at (left, top), all or those of one plane. Beyond the edge it goes
// on as at the edge.
std::vector<uint8_t> block(const Image& image, Size size, int left, int top, int plane) {
  std::vector<uint8_t> out;
  for (int y = top; y < top + size.height; ++y) {
    for (int x = left; x < left + size.width; ++x) {
      const int from_x = std::min(x, image.width - 1), from_y = std::min(y, image.height - 1);
      const size_t at = (static_cast<size_t>(from_y) * image.width + from_x) * 3;
      for (int c = std::max(plane, 0); c <= (plane < 0 ? 2 : plane); ++c)
        out.push_back(image.rgb[at + c]);
    }
  }
  return out;
}

void write_tiff(const fs::path& path, const Image& image, const TiffKind& kind) {
  const std::unique_ptr<TIFF, decltype(&TIFFClose)> tiff(TIFFOpen(path.c_str(), "w"), TIFFClose);
  ASSERT_NE(tiff, nullptr);
  set_fields(tiff.get(), image, kind);
  const Size size = kind.tiled ? Size{kTile, kTile} : Size{image.width, 1};
  for (int plane = kind.planes ? 0 : -1; plane < (kind.planes ? 3 : 0); ++plane) {
    const auto sample = static_cast<uint16_t>(std::max(plane, 0));
    for (int top = 0; top < image.height; top += size.height) {
      for (int left = 0; left < image.width; left += size.width) {
        std::vector<uint8_t> samples = block(image, size, left, top, plane);
        const tmsize_t written =
            kind.tiled ? TIFFWriteTile(tiff.get(), samples.data(), left, top, 0, sample)
                       : TIFFWriteScanline(tiff.get(), samples.data(), top, sample);
        ASSERT_GT(written, 0);
      }
    }
  }
}

TEST_F(UnusualPicture, TiffsOfManyKindsAreRead) {
  const Image image = gradient(61, 43);
  const TiffKind kinds[] = {{"strips", COMPRESSION_NONE, false, false, 0},
                            {"lzw", COMPRESSION_LZW, false, false, 0},
                            {"deflate", COMPRESSION_ADOBE_DEFLATE, false, false, 0},
                            {"packbits", COMPRESSION_PACKBITS, false, false, 0},
                            {"tiles", COMPRESSION_NONE, true, false, 0},
                            {"lzw in tiles", COMPRESSION_LZW, true, false, 0},
                            {"planes", COMPRESSION_NONE, false, true, 0},
                            {"planes in tiles", COMPRESSION_ADOBE_DEFLATE, true, true, 0},
                            {"jpeg", COMPRESSION_JPEG, false, false, 40},
                            {"jpeg in tiles", COMPRESSION_JPEG, true, false, 40}};
  for (const TiffKind& kind : kinds) {
    write_tiff(folder_ / "x.tif", image, kind);
    EXPECT_LE(furthest(read_image(folder_ / "x.tif"), image), kind.furthest) << kind.name;
    const std::string whole = read_text_file(folder_ / "x.tif");
    for (const double part : {0.5, 0.95}) {
      write_text_file(
          folder_ / "cut.tif",
          whole.substr(0, static_cast<size_t>(part * static_cast<double>(whole.size()))));
      EXPECT_THAT(error_of([&] { (void)read_image(folder_ / "cut.tif"); }), HasSubstr("cut.tif: "))
          << kind.name;
    }
  }
}

}  // namespace
}  // namespace octet
