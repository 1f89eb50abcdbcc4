// Reads and writes image files: JPEG (jpeg.h) and the formats of coded_picture.h. Images are turned
// upright by their EXIF.
#pragma once

#include <filesystem>
#include <string>
#include <vector>

#include "media/image/jpeg.h"
#include "vision/image.h"

namespace octet {

// Throws an Error that names the file when it is missing, damaged, cut short or not an image, or
// has more pixels than the limit (limits.h).
[[nodiscard]] Image read_image(const std::filesystem::path& path);

// Writes atomically.
void write_jpeg(const std::filesystem::path& path, const Image& image, int quality = 92);

// Returns the images of --source: one image, the images of a folder, or the matches of a glob
// ("shots/*.jpg"), sorted by name. Throws when there is none.
[[nodiscard]] std::vector<std::filesystem::path> list_images(const std::string& source);

[[nodiscard]] bool has_image_extension(const std::filesystem::path& path);

}  // namespace octet
