#include "core/folder.h"

#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstdlib>
#include <cstring>
#include <deque>
#include <set>
#include <utility>

#include "core/error.h"

namespace octet {
namespace fs = std::filesystem;
namespace {

using Entries = std::vector<fs::directory_entry>;

[[noreturn]] void cannot_be_read(const fs::path& folder, const std::error_code& error) {
  fail("{}: this folder cannot be read: {}", folder.string(), error.message());
}

Entries entries_of(const fs::path& folder) {
  std::error_code error;
  Entries entries;
  for (fs::directory_iterator at(folder, error), end; !error && at != end; at.increment(error)) {
    if (entries.size() == kMaxFolderEntries)
      fail("{}: has more than {} entries; name a smaller folder", folder.string(),
           kMaxFolderEntries);
    entries.push_back(*at);
  }
  if (error) cannot_be_read(folder, error);
  std::sort(entries.begin(), entries.end());
  return entries;
}

// Goes through a tree of folders: those that links lead to after all others.
class Walk {
 public:
  Walk(fs::path root, PathTest wanted) : wanted_(wanted) { folders_.push_back({std::move(root)}); }

  std::vector<fs::path> files() {
    while (!folders_.empty() || !links_.empty()) {
      std::deque<Folder>& next = folders_.empty() ? links_ : folders_;
      const Folder folder = std::move(next.front());
      next.pop_front();
      if (is_new(folder.path)) enter(folder);
    }
    std::sort(files_.begin(), files_.end());
    return std::move(files_);
  }

 private:
  struct Folder {
    fs::path path;
    int depth = 0;
  };

  bool is_new(const fs::path& folder) {
    struct stat status {};
    if (::stat(folder.c_str(), &status) != 0) {
      if (errno == ENOENT) return false;  // removed just now
      cannot_be_read(folder, std::error_code(errno, std::generic_category()));
    }
    return seen_.emplace(status.st_dev, status.st_ino).second;
  }

  void enter(const Folder& folder) {
    if (folder.depth > kMaxFolderDepth)
      fail("{}: folders are nested deeper than {} levels", folder.path.string(), kMaxFolderDepth);
    const Entries entries = entries_of(folder.path);
    count_ += entries.size();
    if (count_ > kMaxFolderEntries)
      fail("{}: more than {} entries up to here; name a smaller folder", folder.path.string(),
           kMaxFolderEntries);
    for (const fs::directory_entry& entry : entries) {
      std::error_code ignored;  // of what a link that leads nowhere is
      if (entry.is_directory(ignored)) {
        (entry.is_symlink(ignored) ? links_ : folders_).push_back({entry.path(), folder.depth + 1});
      } else if (wanted_(entry.path()) && entry.is_regular_file(ignored)) {
        files_.push_back(entry.path());
      }
    }
  }

  PathTest wanted_;
  std::deque<Folder> folders_, links_;
  std::set<std::pair<dev_t, ino_t>> seen_;
  size_t count_ = 0;
  std::vector<fs::path> files_;
};

}  // namespace

std::vector<fs::path> list_folder(const fs::path& folder) {
  std::vector<fs::path> paths;
  for (const fs::directory_entry& entry : entries_of(folder)) paths.push_back(entry.path());
  return paths;
}

void require_room(const fs::path& folder, uint64_t bytes) {
  std::string file = (folder / ".octet-XXXXXX").string();
  const int fd = ::mkstemp(file.data());
  if (fd < 0) fail("{}: no file can be made in it: {}", folder.string(), std::strerror(errno));
  ::close(fd);
  ::unlink(file.c_str());
  std::error_code error;
  const fs::space_info space = fs::space(folder, error);
  if (!error && space.available < bytes)
    fail("{}: {} MB are free on its disk, about {} are needed", folder.string(),
         space.available >> 20, (bytes >> 20) + 1);
}

std::vector<fs::path> files_below(const fs::path& folder, PathTest wanted) {
  return Walk(folder, wanted).files();
}

fs::path cache_folder() {
  if (const char* cache = std::getenv("XDG_CACHE_HOME"); cache != nullptr && *cache != '\0')
    return fs::path(cache) / "octet";
  if (const char* home = std::getenv("HOME"); home != nullptr && *home != '\0')
    return fs::path(home) / ".cache" / "octet";
  return {};
}

}  // namespace octet
