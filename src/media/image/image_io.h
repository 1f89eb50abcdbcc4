// Picture files. JPEG through libjpeg-turbo (the decoder of OpenCV, so the same pixels), everything
// else through FFmpeg. The EXIF orientation is honoured.
#pragma once

#include <filesystem>
#include <string>
#include <vector>

#include "vision/image.h"

namespace octet {

// Throws an Error naming the file when it is missing, damaged, cut short, or not a picture.
[[nodiscard]] Image read_image(const std::filesystem::path& path);

[[nodiscard]] std::vector<uint8_t> encode_jpeg(const Image& image, int quality = 92);
void write_jpeg(const std::filesystem::path& path, const Image& image, int quality = 92);

// What --source said: one picture, the pictures of a folder, or those a glob ("shots/*.jpg")
// matches; sorted by name. Throws when there is none.
[[nodiscard]] std::vector<std::filesystem::path> list_images(const std::string& source);

[[nodiscard]] bool has_image_extension(const std::filesystem::path& path);

}  // namespace octet
