#include "media/image/image_io.h"

#include <glob.h>

#include <algorithm>
#include <array>
#include <string_view>

#include "core/error.h"
#include "core/file.h"
#include "core/folder.h"
#include "media/image/coded_picture.h"

namespace octet {
namespace fs = std::filesystem;
namespace {

constexpr size_t kMaxPictureBytes = size_t{1} << 30;  // kMaxPicturePixels, stored as they are

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
  std::vector<std::byte> bytes = read_file(path, kMaxPictureBytes);
  if (const fs::path target = text_link(bytes, path); !target.empty())
    bytes = read_file(target, kMaxPictureBytes);
  if (bytes.empty()) fail("{}: is empty, not an image", path.string());
  if (is_jpeg(bytes)) return decode_jpeg(bytes, path.string());
  if (!has_image_extension(path))
    fail("{}: is not an image (.jpg, .png, …); for a video there is 'octet live'", path.string());
  return decode_picture(bytes, path.string());
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
  const auto add = [&](const fs::path& path) {
    std::error_code ignored;  // what cannot be looked at is no picture
    if (has_image_extension(path) && fs::is_regular_file(path, ignored)) files.push_back(path);
  };
  std::error_code error;
  const fs::file_status status = fs::status(source, error);
  if (fs::is_directory(status)) {
    for (const fs::path& path : list_folder(source)) add(path);
    if (files.empty()) fail("{}: has no images in it; folders below it are not read", source);
  } else if (fs::exists(status)) {
    files.emplace_back(source);
  } else if (source.find_first_of("*?[") != std::string::npos) {
    glob_t found{};
    if (::glob(source.c_str(), GLOB_TILDE, nullptr, &found) == 0) {
      for (size_t i = 0; i < found.gl_pathc; ++i) add(found.gl_pathv[i]);
    }
    ::globfree(&found);
    if (files.empty()) fail("{}: matches no images", source);
  } else {
    fail("{}: no such file or folder", source);
  }
  std::sort(files.begin(), files.end());
  return files;
}

}  // namespace octet
