#include "media/image/jpeg.h"

#include <turbojpeg.h>

#include <algorithm>
#include <memory>

#include "core/error.h"
#include "core/log.h"
#include "media/ffmpeg/scans.h"
#include "media/image/jpeg_markers.h"
#include "media/image/limits.h"
#include "media/image/tiff_tags.h"
#include "media/image/upright.h"

namespace octet {
namespace {

// The least that libjpeg-turbo can decode: a bit for a block of 64 in one of the scans.
constexpr int64_t kMaxPixelsPerByte = 2048;

struct TurboJpeg {
  explicit TurboJpeg(tjhandle h) : handle(h) {}
  ~TurboJpeg() {
    if (handle != nullptr) tjDestroy(handle);
  }
  TurboJpeg(const TurboJpeg&) = delete;
  TurboJpeg& operator=(const TurboJpeg&) = delete;
  tjhandle handle;
};

void require_decodable(Size size, int scans, size_t bytes, const std::string& name) {
  const int64_t pixels = int64_t{size.width} * size.height;
  require_few_pixels(size, name);
  if (pixels / kMaxPixelsPerByte > static_cast<int64_t>(bytes))
    fail("{}: the image is damaged or cut short: {} bytes cannot hold {} x {} pixels", name, bytes,
         size.width, size.height);
  if (scans > kMaxScans || pixels * scans > kMaxScannedPixels) {
    fail(
        "{}: {} scans of {} x {} pixels would take minutes to decode; save it again as an ordinary "
        "JPEG",
        name, scans, size.width, size.height);
  }
}

// libjpeg-turbo's warnings: what is missing is an Error, the rest may have spoiled some pixels.
void judge(tjhandle handle, const std::string& name) {
  const std::string reason = tjGetErrorStr2(handle);
  if (reason.find("remature end") != std::string::npos || tjGetErrorCode(handle) == TJERR_FATAL)
    fail("{}: the image is damaged or cut short: {}", name, reason);
  log_warning("{}: the image is damaged, some of its pixels may be wrong: {}", name, reason);
}

using Pixels = std::vector<uint8_t>;

// CMYK as Adobe's programs store it, inverted, which is how it is met: 255 is no ink. Rounded as OpenCV
// does.
Pixels rgb_of_cmyk(const Pixels& cmyk) {
  Pixels rgb(cmyk.size() / 4 * 3);
  for (size_t i = 0; i < cmyk.size() / 4; ++i) {
    const int black = cmyk[4 * i + 3];
    for (size_t c = 0; c < 3; ++c)
      rgb[3 * i + c] = static_cast<uint8_t>(black - ((255 - cmyk[4 * i + c]) * black >> 8));
  }
  return rgb;
}

// The picture's pixels, as the JPEG is stored.
Pixels decode_pixels(std::span<const std::byte> bytes, Size size, bool is_cmyk,
                     const std::string& name) {
  const TurboJpeg jpeg(tjInitDecompress());
  Pixels pixels(static_cast<size_t>(size.width) * size.height * (is_cmyk ? 4 : 3));
  if (tjDecompress2(jpeg.handle, reinterpret_cast<const unsigned char*>(bytes.data()), bytes.size(),
                    pixels.data(), size.width, 0, size.height, is_cmyk ? TJPF_CMYK : TJPF_RGB,
                    0) != 0)
    judge(jpeg.handle, name);
  return is_cmyk ? rgb_of_cmyk(pixels) : pixels;
}

// With the end marker that is missing. Decoding then tells whether pixels are missing, too.
std::vector<std::byte> with_end(std::span<const std::byte> bytes) {
  std::vector<std::byte> whole(bytes.begin(), bytes.end());
  whole.insert(whole.end(), {std::byte{0xFF}, std::byte{0xD9}});
  return whole;
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
  const JpegMarkers markers(bytes);
  require_decodable(image.size(), markers.scans(), bytes.size(), name);
  const bool is_cmyk = colours == TJCS_CMYK || colours == TJCS_YCCK;
  if (markers.has_end()) {
    image.rgb = decode_pixels(bytes, image.size(), is_cmyk, name);
  } else {
    if (!markers.has_all_scans())
      fail("{}: the image is damaged or cut short: some of its scans are missing", name);
    image.rgb = decode_pixels(with_end(bytes), image.size(), is_cmyk, name);
  }
  return upright(std::move(image), tiff_orientation(markers.exif()));
}

std::vector<uint8_t> encode_jpeg(const Image& image, int quality) {
  const TurboJpeg jpeg(tjInitCompress());
  unsigned char* data = nullptr;
  unsigned long bytes = 0;
  const int status = tjCompress2(jpeg.handle, image.rgb.data(), image.width, 0, image.height,
                                 TJPF_RGB, &data, &bytes, TJSAMP_420, quality, 0);
  const std::unique_ptr<unsigned char, decltype(&tjFree)> owned(data, tjFree);
  if (status != 0) fail("an image cannot be encoded: {}", tjGetErrorStr2(jpeg.handle));
  return {data, data + bytes};
}

}  // namespace octet
