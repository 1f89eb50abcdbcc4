#include "core/control_groups.h"

#include <sstream>

namespace octet {
namespace fs = std::filesystem;
namespace {

// The folders in which the groups of a line's controllers lie, "cpu,cpuacct"; empty: version 2.
std::vector<fs::path> roots_of(const std::string& controllers, const std::string& controller) {
  if (controllers.empty()) return {"", "unified"};
  if (("," + controllers + ",").find("," + controller + ",") == std::string::npos) return {};
  if (controller == "cpu") return {"cpu", "cpu,cpuacct"};
  return {controller};
}

}  // namespace

// A line is "number:controllers:/group".
std::vector<fs::path> group_folders(const std::string& groups, const std::string& controller) {
  std::vector<fs::path> folders;
  std::istringstream lines(groups);
  for (std::string line; std::getline(lines, line);) {
    const size_t first = line.find(':');
    const size_t second = first == std::string::npos ? first : line.find(':', first + 1);
    if (second == std::string::npos) continue;
    const fs::path own = line.substr(second + 1);
    for (const auto& root : roots_of(line.substr(first + 1, second - first - 1), controller)) {
      fs::path group = own.relative_path();
      for (bool more = true; more; group = group.parent_path()) {
        folders.push_back(root / group);
        more = !group.empty();
      }
    }
  }
  return folders;
}

}  // namespace octet
