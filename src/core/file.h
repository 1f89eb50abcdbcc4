// Reads regular files, and writes files atomically. Errors name the file.
//
// Writing follows links to their file. A device or a pipe is written in place, and never replaced
// or renamed.
#pragma once

#include <cstddef>
#include <filesystem>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "core/unfinished_files.h"

namespace octet {

// A regular file that is open for reading. All files of others are opened by this class. A folder,
// a FIFO, a socket or a device is refused by name, and never waited for.
class InputFile {
 public:
  explicit InputFile(std::filesystem::path path);
  ~InputFile();
  InputFile(const InputFile&) = delete;
  InputFile& operator=(const InputFile&) = delete;

  [[nodiscard]] size_t size() const { return size_; }  // in bytes, when it was opened
  // Fills `bytes` from the end of the last call on. Returns the number of bytes that were read.
  [[nodiscard]] size_t read(std::span<std::byte> bytes);

 private:
  std::filesystem::path path_;
  int fd_ = -1;
  size_t size_ = 0;
};

inline constexpr size_t kMaxFileBytes = size_t{4} << 30;

// Returns all bytes of a regular file. Throws when it is missing, not a regular file, not readable,
// or larger than `max_bytes`.
[[nodiscard]] std::vector<std::byte> read_file(const std::filesystem::path& path,
                                               size_t max_bytes = kMaxFileBytes);
[[nodiscard]] std::string read_text_file(const std::filesystem::path& path,
                                         size_t max_bytes = kMaxFileBytes);

// Throws unless `path` is a regular file that can be read.
void require_file(const std::filesystem::path& path);

// Creates a folder and its parents. Throws an Error that names the folder when that fails.
void make_folder(const std::filesystem::path& path);

// A file that appears under its name only when it is complete. Write to temporary(), then commit()
// renames it. Without commit() the destructor removes the temporary file, and so does a signal that
// ends the program. The constructor creates it, empty, under a random name beside the final one, so
// that the rename is atomic. It keeps the extension of the final name, since writers such as FFmpeg
// choose the container by it. For a device or a pipe temporary() is the path itself.
class AtomicPath {
 public:
  explicit AtomicPath(const std::filesystem::path& path);
  ~AtomicPath();
  AtomicPath(const AtomicPath&) = delete;
  AtomicPath& operator=(const AtomicPath&) = delete;

  [[nodiscard]] const std::filesystem::path& temporary() const { return temporary_; }
  [[nodiscard]] const std::filesystem::path& final_path() const { return path_; }
  void commit() {
    flush();
    put_in_place();
  }
  void flush() const;  // to the disk
  void put_in_place();

 private:
  std::filesystem::path path_;
  std::filesystem::path temporary_;
  std::optional<UnfinishedFile> unfinished_;  // none: a device, a pipe, or after commit()
};

// Renames `path` to name.1.ext, name.1.ext to name.2.ext, and so on. `keep` old versions stay, and
// the oldest is removed.
void rotate_files(const std::filesystem::path& path, int keep);

// Opens a file for writing, with additional flags of open(). Waits for the reader of a pipe until
// stop_requested(). The caller closes the descriptor.
[[nodiscard]] int open_to_write(const std::filesystem::path& path, int flags);

using FileParts = std::span<const std::span<const std::byte>>;

// Writes all parts as one file, atomically.
void write_file(const std::filesystem::path& path, FileParts parts);
void write_text_file(const std::filesystem::path& path, std::string_view text);

// Writes a text file in place of another, which rotate_files() renames once the new one is complete.
void write_and_rotate(const std::filesystem::path& path, std::string_view text, int keep);

struct FileContent {
  std::filesystem::path path;
  std::span<const std::byte> bytes;
};
// Writes files that belong together. All are complete before the first is renamed. The last one is
// the main file: its old version is removed first and its new version appears last, so that it
// never stands beside parts of another version.
void write_files(const std::vector<FileContent>& files);

[[nodiscard]] inline std::span<const std::byte> as_bytes(std::string_view text) {
  return std::as_bytes(std::span(text.data(), text.size()));
}

}  // namespace octet
