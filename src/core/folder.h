// Lists folders, and knows that of caches. Errors name the folder.
#pragma once

#include <cstdint>
#include <filesystem>
#include <vector>

namespace octet {

inline constexpr int kMaxFolderDepth = 64;
inline constexpr size_t kMaxFolderEntries = 20'000'000;

using PathTest = bool (*)(const std::filesystem::path& path);

// Returns the entries of every kind, sorted. Throws an Error when the path is not a folder, cannot
// be read, or has more than kMaxFolderEntries.
[[nodiscard]] std::vector<std::filesystem::path> list_folder(const std::filesystem::path& folder);

// Returns the regular files that `wanted` accepts, in the folder and in the folders below. Links
// are followed. A folder with several paths, such as one that is linked to itself, is entered once,
// by a path without links where there is one. Throws as above, and beyond kMaxFolderDepth levels.
[[nodiscard]] std::vector<std::filesystem::path> files_below(const std::filesystem::path& folder,
                                                             PathTest wanted);

// Throws an Error that names the folder unless it is writable and has `bytes` of free space.
void require_room(const std::filesystem::path& folder, uint64_t bytes);

// The folder for what can be made again, such as compiled models: $XDG_CACHE_HOME/octet or
// ~/.cache/octet. Empty without a home.
[[nodiscard]] std::filesystem::path cache_folder();

}  // namespace octet
