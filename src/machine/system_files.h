// Files of the kernel, such as those of /sys and /proc, below a root folder. Tests give a recorded
// tree as the root.
#pragma once

#include <cstdint>
#include <filesystem>
#include <optional>
#include <string>
#include <vector>

namespace octet {

class SystemFiles {
 public:
  explicit SystemFiles(std::filesystem::path root = "/") : root_(std::move(root)) {}

  // The content without white space at its end, at most 64 kB. Nothing where the file is missing,
  // cannot be read, or is empty. `path` is relative to the root: "sys/class/thermal".
  [[nodiscard]] std::optional<std::string> text(const std::filesystem::path& path) const;
  // The whole number at the start of the content, alone or before white space.
  [[nodiscard]] std::optional<int64_t> number(const std::filesystem::path& path) const;
  // The entries of a folder whose names are `prefix` and a number, by number: "cpu0", "cpu1".
  [[nodiscard]] std::vector<std::filesystem::path> numbered(const std::filesystem::path& folder,
                                                            const std::string& prefix) const;

 private:
  std::filesystem::path root_;
};

}  // namespace octet
