#include "core/installation.h"

#include <dlfcn.h>
#include <link.h>
#include <unistd.h>

#include <cstdlib>
#include <vector>

#include "core/process.h"

namespace octet {
namespace fs = std::filesystem;
namespace {

// The loader knows the file of a library or module. Of the program itself it knows no name.
fs::path find_own_folder() {
  static const char here = 0;
  Dl_info info{};
  void* found = nullptr;
  if (::dladdr1(&here, &info, &found, RTLD_DL_LINKMAP) == 0 || found == nullptr)
    return program_folder();
  const char* file = static_cast<const link_map*>(found)->l_name;
  if (file == nullptr || *file == '\0') return program_folder();
  std::error_code error;
  const fs::path real = fs::canonical(file, error);
  return (error ? fs::path(file) : real).parent_path();
}

// The folder that the environment names, then this code's own.
std::vector<fs::path> nearest_folders() {
  std::vector<fs::path> folders;
  if (const char* named = std::getenv("OCTET_MODULES"); named != nullptr && *named != '\0')
    folders.emplace_back(named);
  folders.push_back(own_folder());
  return folders;
}

fs::path first_with(const std::vector<fs::path>& folders, std::string_view name, int access) {
  for (const fs::path& folder : folders) {
    const fs::path file = folder / name;
    std::error_code error;  // of a file that is not there
    if (::access(file.c_str(), access) == 0 && !fs::is_directory(file, error)) return file;
  }
  return {};
}

}  // namespace

fs::path own_folder() {
  static const fs::path folder = find_own_folder();
  return folder;
}

fs::path find_module(std::string_view name) {
  std::vector<fs::path> folders = nearest_folders();
  const fs::path own = own_folder();
  folders.push_back(own / "octet");
  folders.push_back(own / ".." / OCTET_LIBRARY_FOLDER / "octet");
  folders.push_back(own / "../lib/octet");
  const fs::path found = first_with(folders, name, R_OK);
  return found.empty() ? own / name : found.lexically_normal();
}

fs::path find_program(std::string_view name) {
  std::vector<fs::path> folders = nearest_folders();
  folders.push_back(own_folder() / "../bin");
  folders.push_back(own_folder() / "../../bin");  // of lib/x86_64-linux-gnu
  return first_with(folders, name, X_OK).lexically_normal();
}

fs::path find_data(std::string_view name) {
  const fs::path own = own_folder();
  for (const char* share : {"../share/octet", "../../share/octet"}) {
    if (const fs::path found = first_with({own / share}, name, R_OK); !found.empty())
      return found.lexically_normal();
  }
  const std::string file = fs::path(name).filename().string();
  // Of build/bin, and of build/PRESET/bin.
  return first_with({own / "../../samples", own / "../../../samples"}, file, R_OK)
      .lexically_normal();
}

}  // namespace octet
