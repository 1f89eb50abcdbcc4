// Lets FFmpeg read or write a file or standard input. FFmpeg gets no name, so that it sees neither
// a pattern ("img%03d.png") nor a protocol ("12:30.mp4") in a path.
#pragma once

#include <atomic>
#include <filesystem>
#include <memory>

struct AVFormatContext;
struct AVIOContext;

namespace octet {

class FileIo {
 public:
  // Opens a regular file for reading. Throws an Error that names it.
  [[nodiscard]] static std::unique_ptr<FileIo> open_to_read(const std::filesystem::path& path);
  // Creates a file for writing. A device or a pipe is written in place.
  [[nodiscard]] static std::unique_ptr<FileIo> open_to_write(const std::filesystem::path& path);
  // Opens standard input. `stop` ends every wait.
  [[nodiscard]] static std::unique_ptr<FileIo> standard_input(const std::atomic<bool>& stop);
  ~FileIo();
  FileIo(const FileIo&) = delete;
  FileIo& operator=(const FileIo&) = delete;

  // Connects `format` to this object. It opens nothing else. This object has to outlive it.
  void serve(AVFormatContext& format);
  // Writes the buffer and closes the file. Returns a negative status of FFmpeg where that fails.
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
