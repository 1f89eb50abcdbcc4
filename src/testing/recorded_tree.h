// A folder of system files, unpacked from a text of lines "path:line of the file".
#pragma once

#include <filesystem>
#include <fstream>
#include <string>

#include "testing/testing.h"

namespace octet {

class RecordedTree {
 public:
  explicit RecordedTree(const std::filesystem::path& recording) {
    std::ifstream lines(recording);
    if (!lines) fail("{}: is missing", recording.string());
    for (std::string line; std::getline(lines, line);) {
      const size_t colon = line.find(':');
      if (line.starts_with('#') || colon == std::string::npos) continue;
      const std::filesystem::path file = folder_ / line.substr(0, colon);
      std::filesystem::create_directories(file.parent_path());
      std::ofstream(file, std::ios::app) << line.substr(colon + 1) << '\n';
    }
  }
  [[nodiscard]] const std::filesystem::path& root() const { return folder_.path(); }

 private:
  TemporaryFolder folder_;
};

}  // namespace octet
