#include "media/image/annotated_files.h"

#include <sys/stat.h>

#include <map>
#include <optional>
#include <set>
#include <string>
#include <utility>

#include "core/error.h"

namespace octet {
namespace fs = std::filesystem;
namespace {

using FileId = std::pair<dev_t, ino_t>;

// Of the file or folder itself, whatever name or link leads to it; nothing where there is none.
std::optional<FileId> id_of(const fs::path& path) {
  struct stat status {};
  if (::stat(path.c_str(), &status) != 0) return std::nullopt;
  return FileId{status.st_dev, status.st_ino};
}

std::string unused_name(const fs::path& picture, bool shares_stem,
                        const std::set<std::string>& used) {
  const std::string stem = picture.stem().string();
  std::string name = stem + ".jpg";
  if (shares_stem && picture.extension() != ".jpg") name = picture.filename().string() + ".jpg";
  for (int i = 2; used.contains(name); ++i) name = fmt::format("{}-{}.jpg", stem, i);
  return name;
}

}  // namespace

std::vector<fs::path> annotated_files(const std::vector<fs::path>& pictures,
                                      const fs::path& folder) {
  const std::optional<FileId> target = id_of(folder);
  std::map<std::string, int> stems;
  std::set<std::optional<FileId>> originals;
  for (const fs::path& picture : pictures) {
    ++stems[picture.stem().string()];
    originals.insert(id_of(picture));
    const fs::path parent = picture.has_parent_path() ? picture.parent_path() : fs::path(".");
    if (target && id_of(parent) == target)
      fail_usage("--save {}: {} is in it, and could be overwritten; name another folder",
                 folder.string(), picture.string());
  }
  std::set<std::string> used;
  std::vector<fs::path> files;
  for (const fs::path& picture : pictures) {
    const bool shares_stem = stems[picture.stem().string()] > 1;
    const std::string name = unused_name(picture, shares_stem, used);
    used.insert(name);
    files.push_back(folder / name);
    if (const auto id = id_of(files.back()); id && originals.contains(id))
      fail_usage("--save {}: {} leads to one of the images of --source; name another folder",
                 folder.string(), files.back().string());
  }
  return files;
}

}  // namespace octet
