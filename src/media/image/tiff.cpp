#include "media/image/tiff.h"

#include <tiffio.h>

#include <algorithm>
#include <array>
#include <cstdarg>
#include <cstdio>
#include <cstring>
#include <iterator>
#include <memory>
#include <string_view>
#include <vector>

#include "core/error.h"
#include "media/ffmpeg/scans.h"
#include "media/image/limits.h"
#include "media/image/upright.h"

namespace octet {
namespace {

constexpr tmsize_t kMostBytesAtOnce = tmsize_t{1}
                                      << 30;  // kMaxPicturePixels of 3 x 16 bits and more
constexpr int kMostBitsOfAPixel = 128;
// Those that pictures are met in, out of all that libtiff knows.
constexpr uint16_t kCompressions[] = {
    COMPRESSION_NONE,      COMPRESSION_CCITTRLE, COMPRESSION_CCITTFAX3,
    COMPRESSION_CCITTFAX4, COMPRESSION_LZW,      COMPRESSION_ADOBE_DEFLATE,
    COMPRESSION_DEFLATE,   COMPRESSION_PACKBITS, COMPRESSION_JPEG};

// The file in memory, as libtiff reads it. It keeps libtiff's first complaint.
struct Memory {
  std::span<const std::byte> bytes;
  uint64_t at = 0;
  std::string complaint = {};

  static Memory& of(thandle_t self) { return *static_cast<Memory*>(self); }
  static tmsize_t read(thandle_t self, void* to, tmsize_t size) {
    Memory& m = of(self);
    const uint64_t left = m.at < m.bytes.size() ? m.bytes.size() - m.at : 0;
    const auto got = std::min(left, static_cast<uint64_t>(std::max<tmsize_t>(size, 0)));
    if (got > 0) std::memcpy(to, m.bytes.data() + m.at, got);
    m.at += got;
    return static_cast<tmsize_t>(got);
  }
  static tmsize_t write(thandle_t, void*, tmsize_t) { return -1; }
  static toff_t seek(thandle_t self, toff_t offset, int whence) {
    Memory& m = of(self);
    m.at = whence == SEEK_SET   ? offset
           : whence == SEEK_CUR ? m.at + offset
                                : m.bytes.size() + offset;
    return m.at;
  }
  static int close(thandle_t) { return 0; }
  // libtiff only reads what is mapped. Without it, version 4.5.0 refuses sound tiles.
  static int map(thandle_t self, void** base, toff_t* size) {
    *base = const_cast<std::byte*>(of(self).bytes.data());
    *size = of(self).bytes.size();
    return 1;
  }
  static void unmap(thandle_t, void*, toff_t) {}
  static toff_t size(thandle_t self) { return of(self).bytes.size(); }

  static int keep(TIFF*, void* self, const char*, const char* format, va_list arguments) {
    Memory& m = of(self);
    std::array<char, 512> text{};
    std::vsnprintf(text.data(), text.size(), format, arguments);
    if (m.complaint.empty()) m.complaint = text.data();
    return 1;  // nobody else is told
  }
  static int ignore(TIFF*, void*, const char*, const char*, va_list) { return 1; }
};

struct Close {
  void operator()(TIFF* tiff) const { TIFFClose(tiff); }
  void operator()(TIFFOpenOptions* options) const { TIFFOpenOptionsFree(options); }
};
using Tiff = std::unique_ptr<TIFF, Close>;

Tiff open(Memory& memory) {
  const std::unique_ptr<TIFFOpenOptions, Close> options(TIFFOpenOptionsAlloc());
  TIFFOpenOptionsSetMaxSingleMemAlloc(options.get(), kMostBytesAtOnce);
  TIFFOpenOptionsSetErrorHandlerExtR(options.get(), Memory::keep, &memory);
  TIFFOpenOptionsSetWarningHandlerExtR(options.get(), Memory::ignore, &memory);
  return Tiff(TIFFClientOpenExt("", "r", &memory, Memory::read, Memory::write, Memory::seek,
                                Memory::close, Memory::size, Memory::map, Memory::unmap,
                                options.get()));
}

template <typename T>
T field(TIFF* tiff, uint32_t tag) {
  T value = 0;
  TIFFGetFieldDefaulted(tiff, tag, &value);
  return value;
}

// How many pixels are decoded: those of tiles go beyond the picture's edge.
int64_t decoded_pixels(TIFF* tiff, int64_t width, int64_t height) {
  if (TIFFIsTiled(tiff) == 0) return width * height;
  const int64_t wide = field<uint32_t>(tiff, TIFFTAG_TILEWIDTH);
  const int64_t high = field<uint32_t>(tiff, TIFFTAG_TILELENGTH);
  if (wide <= 0 || high <= 0 || wide > kMaxPicturePixels || high > kMaxPicturePixels) return -1;
  const int64_t pixels_wide = (width + wide - 1) / wide * wide;
  const int64_t pixels_high = (height + high - 1) / high * high;
  return pixels_wide > 8 * kMaxPicturePixels / pixels_high ? -1 : pixels_wide * pixels_high;
}

// The most that a byte holds: a blank line of a fax takes a bit, a kilobyte of zeros a byte of deflate.
int64_t pixels_of_a_byte(uint16_t compression) {
  const bool fax = compression >= COMPRESSION_CCITTRLE && compression <= COMPRESSION_CCITTFAX4;
  return fax ? 100'000 : 10'000;
}

// Throws where decoding would take too much, or libtiff knows more than is wanted.
Size require_decodable(TIFF* tiff, std::span<const std::byte> bytes, const std::string& name) {
  const auto width = field<uint32_t>(tiff, TIFFTAG_IMAGEWIDTH);
  const auto height = field<uint32_t>(tiff, TIFFTAG_IMAGELENGTH);
  constexpr auto kLongestSide = static_cast<uint32_t>(kMaxPicturePixels);
  if (width == 0 || height == 0 || width > kLongestSide || height > kLongestSide)
    fail("{}: is not a readable image: a TIFF of {} x {} pixels", name, width, height);
  const Size size{static_cast<int>(width), static_cast<int>(height)};
  require_few_pixels(size, name);
  const auto compression = field<uint16_t>(tiff, TIFFTAG_COMPRESSION);
  if (std::find(std::begin(kCompressions), std::end(kCompressions), compression) ==
      std::end(kCompressions))
    fail("{}: is a TIFF of compression {}, which is not read; save it as JPEG or PNG", name,
         compression);
  if (int64_t{width} * height / pixels_of_a_byte(compression) > static_cast<int64_t>(bytes.size()))
    fail("{}: the image is damaged or cut short: {} bytes cannot hold {} x {} pixels", name,
         bytes.size(), width, height);
  const int64_t pixels = decoded_pixels(tiff, width, height);
  const int bits =
      field<uint16_t>(tiff, TIFFTAG_BITSPERSAMPLE) * field<uint16_t>(tiff, TIFFTAG_SAMPLESPERPIXEL);
  if (pixels < 0 || pixels > 2 * kMaxPicturePixels || bits > kMostBitsOfAPixel)
    fail("{}: is not a readable image: its tiles or pixels are too large", name);
  constexpr int kMostOfLibtiff = 100;  // in one strip
  if (compression == COMPRESSION_JPEG &&
      pixels * count_scans(bytes, kMostOfLibtiff) > kMaxScannedPixels)
    fail("{}: its JPEG scans would take minutes to decode; save it again", name);
  return size;
}

// As libtiff's RGBA interface makes them, in the order in which they are stored.
std::vector<uint32_t> decode_rgba(TIFF* tiff, Size size, const Memory& memory,
                                  const std::string& name) {
  constexpr int kStopOnError = 1;
  std::array<char, 1024> reason{};
  TIFFRGBAImage decoder{};
  if (TIFFRGBAImageOK(tiff, reason.data()) == 0 ||
      TIFFRGBAImageBegin(&decoder, tiff, kStopOnError, reason.data()) == 0)
    fail("{}: is not a readable image: {}", name, reason.data());
  const std::unique_ptr<TIFFRGBAImage, decltype(&TIFFRGBAImageEnd)> owned(&decoder,
                                                                          TIFFRGBAImageEnd);
  decoder.req_orientation = decoder.orientation;  // it would turn some, and not others
  std::vector<uint32_t> pixels(static_cast<size_t>(size.width) * size.height);
  const int decoded = TIFFRGBAImageGet(&decoder, pixels.data(), static_cast<uint32_t>(size.width),
                                       static_cast<uint32_t>(size.height));
  if (decoded == 0) fail("{}: the image is damaged or cut short: {}", name, memory.complaint);
  return pixels;
}

}  // namespace

bool is_tiff(std::span<const std::byte> bytes) {
  const std::string_view text(reinterpret_cast<const char*>(bytes.data()), bytes.size());
  using namespace std::string_view_literals;
  return text.starts_with("II*\0"sv) || text.starts_with("MM\0*"sv) ||
         text.starts_with("II+\0"sv) || text.starts_with("MM\0+"sv);
}

Image decode_tiff(std::span<const std::byte> bytes, const std::string& name) {
  Memory memory{.bytes = bytes};
  const Tiff tiff = open(memory);
  if (tiff == nullptr) fail("{}: is not a readable image: {}", name, memory.complaint);
  const Size size = require_decodable(tiff.get(), bytes, name);
  memory.complaint.clear();  // of tags that are not needed
  const std::vector<uint32_t> pixels = decode_rgba(tiff.get(), size, memory, name);
  Image image{.width = size.width, .height = size.height, .rgb = {}};
  image.rgb.resize(pixels.size() * 3);
  for (size_t i = 0; i < pixels.size(); ++i) {
    image.rgb[3 * i] = static_cast<uint8_t>(TIFFGetR(pixels[i]));
    image.rgb[3 * i + 1] = static_cast<uint8_t>(TIFFGetG(pixels[i]));
    image.rgb[3 * i + 2] = static_cast<uint8_t>(TIFFGetB(pixels[i]));
  }
  const auto orientation = field<uint16_t>(tiff.get(), TIFFTAG_ORIENTATION);
  return upright(std::move(image), orientation >= 1 && orientation <= 8 ? orientation : 1);
}

}  // namespace octet
