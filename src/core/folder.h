// What is in a folder. Errors name the folder.
#pragma once

#include <cstdint>
#include <filesystem>
#include <vector>

namespace octet {

inline constexpr int kMaxFolderDepth = 64;
inline constexpr size_t kMaxFolderEntries = 20'000'000;

using PathTest = bool (*)(const std::filesystem::path& path);

// Its entries of every kind, sorted. Throws an Error when it is none, cannot be read, or has more than
// kMaxFolderEntries.
[[nodiscard]] std::vector<std::filesystem::path> list_folder(const std::filesystem::path& folder);

// The regular files that `wanted` takes, in it and in the folders below. Links are followed; a folder
// to which several paths lead, such as one that is linked to itself, is entered once, by a path
// without links where there is one. Throws as above, and beyond kMaxFolderDepth levels.
[[nodiscard]] std::vector<std::filesystem::path> files_below(const std::filesystem::path& folder,
                                                             PathTest wanted);

// Throws an Error naming the folder unless files can be made in it and so many bytes are free.
void require_room(const std::filesystem::path& folder, uint64_t bytes);

}  // namespace octet
