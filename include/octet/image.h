// Images in memory, and image files.
//
// Threads: the functions may be called from any thread. An Image is a value like any other.
//
// Example:
//   octet::Image image = octet::read_image("street.jpg");
//   std::printf("%d x %d pixels\n", image.width, image.height);
//   octet::write_jpeg("copy.jpg", image);
#pragma once

#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <vector>

#include "octet/log.h"
#include "octet/version.h"

namespace octet::v0 {

// Width and height in pixels.
struct Size {
  int width = 0, height = 0;
  bool operator==(const Size&) const = default;
};

// Owns its pixels: three bytes each, red first, rows from the top without gaps.
struct Image {
  int width = 0, height = 0;
  std::vector<uint8_t> rgb;  // (height, width, 3)
};

enum class PixelFormat {
  kRgb,  // as image files and most programs have it
  kBgr   // as OpenCV has it
};

// Pixels that somebody else owns: an Image, a cv::Mat, a mapped GStreamer buffer. They have to stay
// as they are until the call that takes the view returns.
struct ImageView {
  ImageView() = default;
  // Implicit, so that an Image can be given wherever a view is taken. Without pixels where `rgb` has
  // not as many bytes as width and height say.
  ImageView(const Image& image)
      : data(image.rgb.size() / 3 == std::size_t(image.width) * std::size_t(image.height)
                 ? image.rgb.data()
                 : nullptr),
        size{image.width, image.height} {}
  ImageView(const uint8_t* pixels, Size pixel_size, PixelFormat pixel_format = PixelFormat::kRgb,
            std::ptrdiff_t row_stride_bytes = 0)
      : data(pixels), size(pixel_size), format(pixel_format), stride_bytes(row_stride_bytes) {}

  const uint8_t* data = nullptr;  // of the top left pixel; three bytes a pixel
  Size size;
  PixelFormat format = PixelFormat::kRgb;
  std::ptrdiff_t stride_bytes = 0;  // from a row to the one below; 0: 3 * width
};

// Reads JPEG, PNG, WebP, TIFF, BMP and PPM, and turns the image as its file says. Throws an Error
// that names the file when it is missing, damaged or cut short, or has over 100 million pixels.
[[nodiscard]] OCTET_API Image read_image(const std::filesystem::path& file, const Log& log = {});

// Writes a JPEG. The file appears when it is complete. `quality` is 1 to 100. Throws an Error that
// names the file when it cannot be written.
OCTET_API void write_jpeg(const std::filesystem::path& file, const ImageView& image,
                          int quality = 92);

}  // namespace octet::v0
