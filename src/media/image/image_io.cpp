#include "media/image/image_io.h"

#include <glob.h>
#include <libexif/exif-data.h>
#include <turbojpeg.h>

#include <algorithm>
#include <array>
#include <memory>
#include <string_view>
#include <utility>

#include "core/error.h"
#include "core/file.h"
#include "media/video/video.h"

namespace octet {
namespace fs = std::filesystem;
namespace {

constexpr int64_t kMaxPixels = 150'000'000;

struct TurboJpeg {
  explicit TurboJpeg(tjhandle h) : handle(h) {}
  ~TurboJpeg() {
    if (handle != nullptr) tjDestroy(handle);
  }
  TurboJpeg(const TurboJpeg&) = delete;
  TurboJpeg& operator=(const TurboJpeg&) = delete;
  tjhandle handle;
};

// 1 (upright) to 8, as EXIF counts them.
int exif_orientation(std::span<const std::byte> bytes) {
  ExifData* data = exif_data_new_from_data(reinterpret_cast<const unsigned char*>(bytes.data()),
                                           static_cast<unsigned>(bytes.size()));
  if (data == nullptr) return 1;
  int orientation = 1;
  if (ExifEntry* entry = exif_data_get_entry(data, EXIF_TAG_ORIENTATION);
      entry != nullptr && entry->size >= 2) {
    orientation = exif_get_short(entry->data, exif_data_get_byte_order(data));
  }
  exif_data_unref(data);
  return orientation >= 1 && orientation <= 8 ? orientation : 1;
}

// Turns and mirrors the picture so that it stands upright.
Image upright(Image image, int orientation) {
  if (orientation == 1) return image;
  const bool transposed = orientation >= 5;
  Image out{.width = transposed ? image.height : image.width,
            .height = transposed ? image.width : image.height,
            .rgb = {}};
  out.rgb.resize(image.rgb.size());
  const bool flip_x = orientation == 2 || orientation == 3 || orientation == 7 || orientation == 8;
  const bool flip_y = orientation == 3 || orientation == 4 || orientation == 6 || orientation == 7;
  for (int y = 0; y < out.height; ++y) {
    for (int x = 0; x < out.width; ++x) {
      int from_x = transposed ? y : x;
      int from_y = transposed ? x : y;
      if (flip_x) from_x = image.width - 1 - from_x;
      if (flip_y) from_y = image.height - 1 - from_y;
      const auto* from = &image.rgb[(static_cast<size_t>(from_y) * image.width + from_x) * 3];
      std::copy_n(from, 3, &out.rgb[(static_cast<size_t>(y) * out.width + x) * 3]);
    }
  }
  return out;
}

Image decode_jpeg(std::span<const std::byte> bytes, const fs::path& path) {
  const TurboJpeg jpeg(tjInitDecompress());
  const auto* data = reinterpret_cast<const unsigned char*>(bytes.data());
  Image image;
  int subsampling = 0;
  int colours = 0;
  if (tjDecompressHeader3(jpeg.handle, data, bytes.size(), &image.width, &image.height,
                          &subsampling, &colours) != 0) {
    fail("{}: is not a readable JPEG: {}", path.string(), tjGetErrorStr2(jpeg.handle));
  }
  if (int64_t{image.width} * image.height > kMaxPixels)
    fail("{}: {} x {} pixels are too many", path.string(), image.width, image.height);
  image.rgb.resize(static_cast<size_t>(image.width) * image.height * 3);
  if (tjDecompress2(jpeg.handle, data, bytes.size(), image.rgb.data(), image.width, 0, image.height,
                    TJPF_RGB, 0) != 0) {
    const std::string_view reason = tjGetErrorStr2(jpeg.handle);
    const bool cut = reason.find("remature end") != std::string_view::npos;
    if (cut || tjGetErrorCode(jpeg.handle) == TJERR_FATAL)
      fail("{}: the picture is damaged or cut short: {}", path.string(), reason);
  }
  return upright(std::move(image), exif_orientation(bytes));
}

// Git writes symbolic links as small text files where links are not to be had (Windows, some
// archives and mounts); such a file is followed once. Empty when `bytes` are nothing of the kind.
fs::path text_link(std::span<const std::byte> bytes, const fs::path& path) {
  constexpr size_t kMaxBytes = 1024;
  const std::string_view text(reinterpret_cast<const char*>(bytes.data()), bytes.size());
  const bool printable =
      std::all_of(text.begin(), text.end(), [](unsigned char c) { return c >= 32 && c != 127; });
  if (text.empty() || text.size() > kMaxBytes || !printable || !has_image_extension(text))
    return {};
  const fs::path target = path.parent_path() / text;
  std::error_code ignored;
  return fs::is_regular_file(target, ignored) ? target : fs::path();
}

}  // namespace

Image read_image(const fs::path& path) {
  std::vector<std::byte> bytes = read_file(path);
  if (const fs::path target = text_link(bytes, path); !target.empty()) bytes = read_file(target);
  if (bytes.empty()) fail("{}: is empty, not a picture", path.string());
  if (bytes.size() > 2 && bytes[0] == std::byte{0xFF} && bytes[1] == std::byte{0xD8})
    return decode_jpeg(bytes, path);
  if (!has_image_extension(path)) {
    fail("{}: is not a picture (.jpg, .png, …); for a video there is 'octet live'", path.string());
  }
  VideoReader reader(path, VideoReader::Kind::kPicture);
  VideoFrame frame;
  if (!reader.read(frame)) fail("{}: is not a readable picture", path.string());
  return frame.to_rgb();
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

void write_jpeg(const fs::path& path, const Image& image, int quality) {
  const std::vector<uint8_t> data = encode_jpeg(image, quality);
  const std::span<const std::byte> part = std::as_bytes(std::span(data));
  write_file(path, {&part, 1});
}

bool has_image_extension(const fs::path& path) {
  static constexpr std::array<std::string_view, 8> kExtensions = {
      ".jpg", ".jpeg", ".png", ".bmp", ".webp", ".tif", ".tiff", ".ppm"};
  std::string extension = path.extension().string();
  std::transform(extension.begin(), extension.end(), extension.begin(),
                 [](unsigned char c) { return static_cast<char>(std::tolower(c)); });
  return std::find(kExtensions.begin(), kExtensions.end(), extension) != kExtensions.end();
}

std::vector<fs::path> list_images(const std::string& source) {
  std::vector<fs::path> files;
  if (fs::is_directory(source)) {
    for (const auto& entry : fs::directory_iterator(source)) {
      if (entry.is_regular_file() && has_image_extension(entry.path()))
        files.push_back(entry.path());
    }
    if (files.empty()) fail("{}: has no pictures in it", source);
  } else if (fs::exists(source)) {
    files.emplace_back(source);
  } else if (source.find_first_of("*?[") != std::string::npos) {
    glob_t found{};
    if (::glob(source.c_str(), GLOB_TILDE, nullptr, &found) == 0) {
      for (size_t i = 0; i < found.gl_pathc; ++i) {
        if (fs::is_regular_file(found.gl_pathv[i]) && has_image_extension(found.gl_pathv[i]))
          files.emplace_back(found.gl_pathv[i]);
      }
    }
    ::globfree(&found);
    if (files.empty()) fail("{}: matches no pictures", source);
  } else {
    fail("{}: no such file or folder", source);
  }
  std::sort(files.begin(), files.end());
  return files;
}

}  // namespace octet
