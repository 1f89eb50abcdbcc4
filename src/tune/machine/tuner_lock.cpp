#include "tune/machine/tuner_lock.h"

#include <fcntl.h>
#include <sys/file.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <cstdlib>
#include <cstring>
#include <string>

#include "core/error.h"
#include "core/log.h"

namespace octet {
namespace {

// The process number that the holder wrote; 0: it is not there.
int64_t holder_of(int fd) {
  std::array<char, 32> text{};
  return ::pread(fd, text.data(), text.size() - 1, 0) > 0 ? std::atoll(text.data()) : 0;
}

}  // namespace

TunerLock::TunerLock(const std::filesystem::path& file) {
  std::error_code ignored;  // the file tells
  std::filesystem::create_directories(file.parent_path(), ignored);
  fd_ = ::open(file.c_str(), O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0644);
  if (fd_ < 0) {
    log_warning("{}: cannot be made ({}), so a second tuning at the same time is not noticed",
                file.string(), std::strerror(errno));
    return;
  }
  if (::flock(fd_, LOCK_EX | LOCK_NB) != 0) {
    const int64_t holder = holder_of(fd_);
    ::close(fd_);
    if (holder <= 0)
      fail("another octet tune runs, and both would measure each other; wait for it");
    fail(
        "another octet tune runs (process {}), and both would measure each other; wait for it, or "
        "end it with 'kill {}'",
        holder, holder);
  }
  const std::string text = std::to_string(::getpid()) + "\n";
  if (::ftruncate(fd_, 0) != 0 || ::pwrite(fd_, text.data(), text.size(), 0) < 0)
    log_debug("{}: cannot be written: {}", file.string(), std::strerror(errno));
}

TunerLock::~TunerLock() {
  if (fd_ >= 0) ::close(fd_);
}

}  // namespace octet
