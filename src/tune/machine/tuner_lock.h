// One tuning at a time: two at once would measure each other.
#pragma once

#include <filesystem>

namespace octet {

class TunerLock {
 public:
  // Throws an Error that names the process which holds the lock. The lock ends with the process,
  // however it ends. Where the file cannot be made, a line in the log says so.
  explicit TunerLock(const std::filesystem::path& file);
  ~TunerLock();
  TunerLock(const TunerLock&) = delete;
  TunerLock& operator=(const TunerLock&) = delete;

 private:
  int fd_ = -1;
};

}  // namespace octet
