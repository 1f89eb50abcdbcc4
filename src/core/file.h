// Whole-file reading and atomic writing. Errors name the file.
#pragma once

#include <cstddef>
#include <filesystem>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace octet {

// All bytes of a regular file. Throws when it is missing, a folder, or not readable.
[[nodiscard]] std::vector<std::byte> read_file(const std::filesystem::path& path);
[[nodiscard]] std::string read_text_file(const std::filesystem::path& path);

// Throws unless `path` is an existing regular file.
void require_file(const std::filesystem::path& path);

// Creates a folder and its parents; throws naming it when that fails.
void make_folder(const std::filesystem::path& path);

// A file that appears under its name only when it is complete: write to temporary(), then commit()
// renames it. Without commit() the temporary file is removed by the destructor. The temporary file
// lies beside the final one, so that the rename is atomic; it keeps the final name's extension
// (writers such as FFmpeg choose the container by it).
class AtomicPath {
 public:
  explicit AtomicPath(std::filesystem::path path);
  ~AtomicPath();
  AtomicPath(const AtomicPath&) = delete;
  AtomicPath& operator=(const AtomicPath&) = delete;

  [[nodiscard]] const std::filesystem::path& temporary() const { return temporary_; }
  [[nodiscard]] const std::filesystem::path& final_path() const { return path_; }
  void commit();  // flushes to disk and renames

 private:
  std::filesystem::path path_;
  std::filesystem::path temporary_;
  bool committed_ = false;
};

// Frees `path`, whose older versions are name.1.ext (the newest), name.2.ext, …: each becomes one
// older, and of them `keep` stay.
void rotate_files(const std::filesystem::path& path, int keep);

// Writes all parts, one after another, as one file, atomically.
void write_file(const std::filesystem::path& path,
                std::span<const std::span<const std::byte>> parts);
void write_text_file(const std::filesystem::path& path, std::string_view text);

[[nodiscard]] inline std::span<const std::byte> as_bytes(std::string_view text) {
  return std::as_bytes(std::span(text.data(), text.size()));
}

}  // namespace octet
