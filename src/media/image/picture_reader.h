// Pictures of a folder or a data set, of which some may not be readable. One thread.
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

  // As read_image(). One that cannot be read is counted and nothing, or with kStop its Error.
  [[nodiscard]] std::optional<Image> read(const std::filesystem::path& path);
  [[nodiscard]] int64_t skipped() const { return skipped_.count(); }
  // After the last picture: a warning that names the first that were skipped. Throws an Error where none
  // of all could be read.
  void finish() const;

 private:
  BadPicture bad_;
  int64_t good_ = 0;
  Skipped skipped_;
};

}  // namespace octet
