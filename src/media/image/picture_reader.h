// Reads the images of a folder or a dataset, of which some may be unreadable. One thread.
#pragma once

#include <cstdint>
#include <filesystem>
#include <optional>

#include "core/skipped.h"
#include "vision/image.h"

namespace octet {

enum class BadPicture { kSkip, kStop };

class PictureReader {
 public:
  explicit PictureReader(BadPicture bad) : bad_(bad) {}

  // Reads as read_image() does. Counts an unreadable image and returns nothing, or throws its Error
  // with kStop.
  [[nodiscard]] std::optional<Image> read(const std::filesystem::path& path);
  [[nodiscard]] int64_t skipped() const { return skipped_.count(); }
  // Call it after the last image. Logs a warning that names the first skipped images. Throws an
  // Error where none could be read.
  void finish() const;

 private:
  BadPicture bad_;
  int64_t good_ = 0;
  Skipped skipped_;
};

}  // namespace octet
