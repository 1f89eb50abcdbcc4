#include "machine/system_files.h"

#include <algorithm>
#include <cctype>
#include <charconv>
#include <fstream>
#include <utility>

namespace octet {
namespace fs = std::filesystem;
namespace {

constexpr size_t kMostBytes = 64 << 10;
constexpr size_t kMostEntries = 4096;

std::optional<int64_t> leading_number(std::string_view text) {
  int64_t value = 0;
  const char* end = text.data() + text.size();
  const auto read = std::from_chars(text.data(), end, value);
  const bool alone = read.ptr == end || std::isspace(static_cast<unsigned char>(*read.ptr)) != 0;
  return read.ec == std::errc() && alone ? std::optional(value) : std::nullopt;
}

}  // namespace

std::optional<std::string> SystemFiles::text(const fs::path& path) const {
  std::ifstream file(root_ / path, std::ios::binary);
  std::string content(kMostBytes, '\0');
  file.read(content.data(), static_cast<std::streamsize>(content.size()));
  content.resize(static_cast<size_t>(file.gcount()));
  const size_t end = content.find_last_not_of(std::string("\n\r\t \0", 5));
  if (end == std::string::npos) return std::nullopt;
  content.resize(end + 1);
  return content;
}

std::optional<int64_t> SystemFiles::number(const fs::path& path) const {
  const auto content = text(path);
  return content ? leading_number(*content) : std::nullopt;
}

std::vector<fs::path> SystemFiles::numbered(const fs::path& folder,
                                            const std::string& prefix) const {
  std::vector<std::pair<int64_t, fs::path>> found;
  std::error_code error;
  for (fs::directory_iterator at(root_ / folder, error), end; !error && at != end;
       at.increment(error)) {
    const std::string name = at->path().filename().string();
    if (!name.starts_with(prefix) || found.size() == kMostEntries) continue;
    const std::string digits = name.substr(prefix.size());
    const bool whole =
        !digits.empty() && digits.find_first_not_of("0123456789") == std::string::npos;
    if (const auto number = leading_number(digits); whole && number)
      found.emplace_back(*number, folder / name);
  }
  std::sort(found.begin(), found.end());
  std::vector<fs::path> paths;
  for (auto& [number, path] : found) paths.push_back(std::move(path));
  return paths;
}

}  // namespace octet
