#include "tune/machine/scratch_folder.h"

#include <fcntl.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cstdint>
#include <cstdlib>
#include <string>
#include <vector>

#include "core/error.h"
#include "core/folder.h"
#include "core/log.h"

namespace octet {
namespace {
namespace fs = std::filesystem;

constexpr const char* kBegin = "octet-tune.";
constexpr uint64_t kLeastRoom = 64 << 20;

// The folder's descriptor with a lock on it; -1: another process holds it, or it is not ours.
int lock_folder(const fs::path& folder) {
  const int fd = ::open(folder.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC | O_NOFOLLOW);
  struct stat status {};
  if (fd >= 0 && ::fstat(fd, &status) == 0 && status.st_uid == ::getuid() &&
      ::flock(fd, LOCK_EX | LOCK_NB) == 0)
    return fd;
  if (fd >= 0) ::close(fd);
  return -1;
}

void remove_stale(const fs::path& parent) {
  std::vector<fs::path> found;
  std::error_code error;
  for (fs::directory_iterator at(parent, error), end; !error && at != end; at.increment(error)) {
    if (at->path().filename().string().starts_with(kBegin)) found.push_back(at->path());
  }
  for (const fs::path& folder : found) {
    const int fd = lock_folder(folder);
    if (fd < 0) continue;
    log_info("{}: is removed; a tuning that was killed left it", folder.string());
    std::error_code ignored;
    fs::remove_all(folder, ignored);
    ::close(fd);
  }
}

}  // namespace

ScratchFolder::ScratchFolder() {
  std::error_code error;
  const fs::path parent = fs::temp_directory_path(error);
  if (error) fail("there is no folder for temporary files: {}; set TMPDIR", error.message());
  remove_stale(parent);
  require_room(parent, kLeastRoom);
  std::string pattern = (parent / (std::string(kBegin) + "XXXXXX")).string();
  if (::mkdtemp(pattern.data()) == nullptr)
    fail("{}: no folder can be made in it", parent.string());
  path_ = pattern;
  lock_ = lock_folder(path_);
}

ScratchFolder::~ScratchFolder() {
  std::error_code ignored;
  fs::remove_all(path_, ignored);
  if (lock_ >= 0) ::close(lock_);
}

}  // namespace octet
