// Reading of regular files, and atomic writing. Errors name the file.
//
// What is written goes through links to the file that they lead to. A device or a pipe is written as
// it is, and never replaced or renamed.
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

// A regular file, open for reading: the one way to open what somebody else wrote. A folder, a FIFO, a
// socket or a device of that name is refused by name, and never waited for.
class InputFile {
 public:
  explicit InputFile(std::filesystem::path path);
  ~InputFile();
  InputFile(const InputFile&) = delete;
  InputFile& operator=(const InputFile&) = delete;

  [[nodiscard]] size_t size() const { return size_; }  // in bytes, when it was opened
  // Fills `bytes` from where the last call ended; how many were left to read.
  [[nodiscard]] size_t read(std::span<std::byte> bytes);

 private:
  std::filesystem::path path_;
  int fd_ = -1;
  size_t size_ = 0;
};

inline constexpr size_t kMaxFileBytes = size_t{4} << 30;

// All bytes of a regular file. Throws when it is missing, none, not readable, or has more than
// `max_bytes`.
[[nodiscard]] std::vector<std::byte> read_file(const std::filesystem::path& path,
                                               size_t max_bytes = kMaxFileBytes);
[[nodiscard]] std::string read_text_file(const std::filesystem::path& path,
                                         size_t max_bytes = kMaxFileBytes);

// Throws unless `path` is a regular file that can be read.
void require_file(const std::filesystem::path& path);

// Creates a folder and its parents; throws naming it when that fails.
void make_folder(const std::filesystem::path& path);

// A file that appears under its name only when it is complete: write to temporary(), then commit()
// renames it. Without commit() the temporary file is removed by the destructor, and by a signal that
// ends the program. It is made here, empty, under a name that nobody can guess. It lies beside the
// final one, so that the rename is atomic; it keeps the final name's extension (writers such as FFmpeg
// choose the container by it). Of a device or a pipe temporary() is the thing itself.
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
  std::optional<UnfinishedFile> unfinished_;  // none: a device or a pipe, or it is in place
};

// Frees `path`, whose older versions are name.1.ext (the newest), name.2.ext, …: each becomes one
// older, and of them `keep` stay.
void rotate_files(const std::filesystem::path& path, int keep);

// Opens a file to be written, with more of open()'s flags. A pipe that nobody reads yet is waited for,
// until stop_requested(). The caller closes it.
[[nodiscard]] int open_to_write(const std::filesystem::path& path, int flags);

using FileParts = std::span<const std::span<const std::byte>>;

// Writes all parts, one after another, as one file, atomically.
void write_file(const std::filesystem::path& path, FileParts parts);
void write_text_file(const std::filesystem::path& path, std::string_view text);

struct FileContent {
  std::filesystem::path path;
  std::span<const std::byte> bytes;
};
// Writes files that belong together: all are complete before the first is put in place. The last is
// the one by which the others are found; it goes away first and comes last, so that it is never there
// beside others than its own.
void write_files(const std::vector<FileContent>& files);

[[nodiscard]] inline std::span<const std::byte> as_bytes(std::string_view text) {
  return std::as_bytes(std::span(text.data(), text.size()));
}

}  // namespace octet
