// The control groups of a process, by which containers and services limit what it may use.
#pragma once

#include <filesystem>
#include <string>
#include <vector>

namespace octet {

// The folders of a process's group of a controller ("cpu", "memory") and of those around it, below
// the folder of all groups, usually /sys/fs/cgroup. Some may not exist. `groups`: the text of
// /proc/self/cgroup, of version 2, version 1, or both side by side.
[[nodiscard]] std::vector<std::filesystem::path> group_folders(const std::string& groups,
                                                               const std::string& controller);

}  // namespace octet
