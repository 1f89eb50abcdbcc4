// A folder for files that last as long as the tuning.
#pragma once

#include <filesystem>

namespace octet {

// Made in the folder for temporary files, for this user alone, since footage and the address of a
// camera lie in it. Those that tunings which were killed have left there are removed first.
class ScratchFolder {
 public:
  // Throws an Error where no folder can be made, or where there is no room.
  ScratchFolder();
  ~ScratchFolder();
  ScratchFolder(const ScratchFolder&) = delete;
  ScratchFolder& operator=(const ScratchFolder&) = delete;
  [[nodiscard]] const std::filesystem::path& path() const { return path_; }

 private:
  std::filesystem::path path_;
  int lock_ = -1;  // of the folder, which the system gives up when the process ends
};

}  // namespace octet
