#include "media/image/jpeg.h"

#include <turbojpeg.h>

#include <algorithm>
#include <memory>
#include <string_view>

#include "core/error.h"
#include "core/log.h"
#include "media/image/limits.h"
#include "media/image/tiff_tags.h"
#include "media/image/upright.h"

namespace octet {
namespace {

constexpr int kMaxScans = 100;  // encoders write 1 to 20
// Every scan goes through every block of the picture: a few seconds at most.
constexpr int64_t kMaxScannedPixels = 20 * kMaxPicturePixels;
// The least that libjpeg-turbo can decode: a bit for a block of 64 in one of the scans.
constexpr int64_t kMaxPixelsPerByte = 2048;

// Markers of ITU-T T.81, table B.1, and of EXIF.
constexpr uint8_t kStartOfScan = 0xDA, kEndOfImage = 0xD9, kApplication1 = 0xE1;
constexpr std::string_view kExif("Exif\0\0", 6);

struct TurboJpeg {
  explicit TurboJpeg(tjhandle h) : handle(h) {}
  ~TurboJpeg() {
    if (handle != nullptr) tjDestroy(handle);
  }
  TurboJpeg(const TurboJpeg&) = delete;
  TurboJpeg& operator=(const TurboJpeg&) = delete;
  tjhandle handle;
};

// What the markers say, without decoding.
struct Markers {
  int scans = 0;
  std::span<const std::byte> exif;  // of the first such segment, a TIFF file

  explicit Markers(std::span<const std::byte> bytes) {
    for (auto at = bytes.begin() + 2;; ++at) {
      at = std::find(at, bytes.end(), std::byte{0xFF});
      if (bytes.end() - at < 4) return;
      const auto marker = static_cast<uint8_t>(at[1]);
      if (marker == kEndOfImage) return;
      if (!has_length(marker)) continue;
      const auto length = static_cast<std::ptrdiff_t>(at[2]) << 8 | static_cast<int>(at[3]);
      const std::span segment(at + 4,
                              std::clamp<std::ptrdiff_t>(length - 2, 0, bytes.end() - at - 4));
      see(marker, segment);
      at = segment.end() - 1;
    }
  }

 private:
  static bool has_length(uint8_t marker) {
    return marker >= 0xC0 && (marker < 0xD0 || marker > 0xD8) && marker != 0xFF;
  }

  void see(uint8_t marker, std::span<const std::byte> segment) {
    const std::string_view text(reinterpret_cast<const char*>(segment.data()), segment.size());
    if (marker == kStartOfScan) ++scans;
    if (marker == kApplication1 && text.starts_with(kExif) && exif.empty())
      exif = segment.subspan(kExif.size());
  }
};

void require_decodable(Size size, int scans, size_t bytes, const std::string& name) {
  const int64_t pixels = int64_t{size.width} * size.height;
  if (pixels > kMaxPicturePixels)
    fail("{}: {} x {} pixels are too many; {} million are the most", name, size.width, size.height,
         kMaxPicturePixels / 1'000'000);
  if (pixels / kMaxPixelsPerByte > static_cast<int64_t>(bytes))
    fail("{}: the picture is damaged or cut short: {} bytes cannot hold {} x {} pixels", name,
         bytes, size.width, size.height);
  if (scans > kMaxScans || pixels * scans > kMaxScannedPixels)
    fail(
        "{}: {} scans of {} x {} pixels would take minutes to decode; save it again as an ordinary "
        "JPEG",
        name, scans, size.width, size.height);
}

// libjpeg-turbo's warnings: what is missing is an Error, the rest may have spoiled some pixels.
void judge(tjhandle handle, const std::string& name) {
  const std::string reason = tjGetErrorStr2(handle);
  if (reason.find("remature end") != std::string::npos || tjGetErrorCode(handle) == TJERR_FATAL)
    fail("{}: the picture is damaged or cut short: {}", name, reason);
  log_warning("{}: the picture is damaged, some of its pixels may be wrong: {}", name, reason);
}

}  // namespace

bool is_jpeg(std::span<const std::byte> bytes) {
  return bytes.size() > 2 && bytes[0] == std::byte{0xFF} && bytes[1] == std::byte{0xD8};
}

Image decode_jpeg(std::span<const std::byte> bytes, const std::string& name) {
  const TurboJpeg jpeg(tjInitDecompress());
  const auto* data = reinterpret_cast<const unsigned char*>(bytes.data());
  Image image;
  int subsampling = 0;
  int colours = 0;
  if (tjDecompressHeader3(jpeg.handle, data, bytes.size(), &image.width, &image.height,
                          &subsampling, &colours) != 0)
    fail("{}: is not a readable JPEG: {}", name, tjGetErrorStr2(jpeg.handle));
  const Markers markers(bytes);
  require_decodable(image.size(), markers.scans, bytes.size(), name);
  image.rgb.resize(static_cast<size_t>(image.width) * image.height * 3);
  if (tjDecompress2(jpeg.handle, data, bytes.size(), image.rgb.data(), image.width, 0, image.height,
                    TJPF_RGB, 0) != 0)
    judge(jpeg.handle, name);
  return upright(std::move(image), tiff_orientation(markers.exif));
}

std::vector<uint8_t> encode_jpeg(const Image& image, int quality) {
  const TurboJpeg jpeg(tjInitCompress());
  unsigned char* data = nullptr;
  unsigned long bytes = 0;
  const int status = tjCompress2(jpeg.handle, image.rgb.data(), image.width, 0, image.height,
                                 TJPF_RGB, &data, &bytes, TJSAMP_420, quality, 0);
  const std::unique_ptr<unsigned char, decltype(&tjFree)> owned(data, tjFree);
  if (status != 0) fail("a picture cannot be encoded: {}", tjGetErrorStr2(jpeg.handle));
  return {data, data + bytes};
}

}  // namespace octet
