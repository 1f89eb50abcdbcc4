#include "media/image/picture_reader.h"

#include "core/error.h"
#include "media/image/image_io.h"

namespace octet {

std::optional<Image> PictureReader::read(const std::filesystem::path& path) {
  try {
    std::optional<Image> image = read_image(path);
    ++good_;
    return image;
  } catch (const Error& e) {
    if (bad_ == BadPicture::kStop) throw;
    skipped_.add(e.what());
    return std::nullopt;
  }
}

void PictureReader::finish() const {
  if (good_ == 0) skipped_.fail_for("no image can be read", "images");
  skipped_.warn("image", "cannot be read");
}

}  // namespace octet
