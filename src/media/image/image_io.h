// Picture files: JPEG (jpeg.h), everything else through FFmpeg (coded_picture.h). How they say that
// they stand is honoured.
#pragma once

#include <filesystem>
#include <string>
#include <vector>

#include "media/image/jpeg.h"
#include "vision/image.h"

namespace octet {

// Throws an Error naming the file when it is missing, damaged, cut short, or not a picture, or has
// more pixels than a picture may (limits.h).
[[nodiscard]] Image read_image(const std::filesystem::path& path);

// Atomically.
void write_jpeg(const std::filesystem::path& path, const Image& image, int quality = 92);

// What --source said: one picture, the pictures of a folder, or those a glob ("shots/*.jpg")
// matches; sorted by name. Throws when there is none.
[[nodiscard]] std::vector<std::filesystem::path> list_images(const std::string& source);

[[nodiscard]] bool has_image_extension(const std::filesystem::path& path);

}  // namespace octet
