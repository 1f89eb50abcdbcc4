// A file, or standard input, as FFmpeg reads or writes it. FFmpeg is given no name: what is a path is
// octet's to say, and neither a pattern ("img%03d.png") nor a protocol ("12:30.mp4") is seen in one.
#pragma once

#include <atomic>
#include <filesystem>
#include <memory>

struct AVFormatContext;
struct AVIOContext;

namespace octet {

class FileIo {
 public:
  // A regular file to be read. Throws an Error naming it.
  [[nodiscard]] static std::unique_ptr<FileIo> open_to_read(const std::filesystem::path& path);
  // A file to be written anew; a device or a pipe is written as it is.
  [[nodiscard]] static std::unique_ptr<FileIo> open_to_write(const std::filesystem::path& path);
  // Standard input; `stop` ends every waiting.
  [[nodiscard]] static std::unique_ptr<FileIo> standard_input(const std::atomic<bool>& stop);
  ~FileIo();
  FileIo(const FileIo&) = delete;
  FileIo& operator=(const FileIo&) = delete;

  // `format` reads from or writes to this, and opens nothing else. This has to outlive it.
  void serve(AVFormatContext& format);
  // Writes what is in memory and closes. A negative status of FFmpeg where that fails.
  [[nodiscard]] int finish();

 private:
  FileIo(int fd, bool writes, const std::atomic<bool>* stop);
  static int read(void* self, uint8_t* bytes, int size);
  static int write(void* self, uint8_t* bytes, int size);
  static int64_t seek(void* self, int64_t offset, int whence);

  int fd_;
  const std::atomic<bool>* stop_;  // null: a read never waits long
  AVIOContext* context_;
};

}  // namespace octet
