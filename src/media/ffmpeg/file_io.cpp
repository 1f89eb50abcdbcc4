#include "media/ffmpeg/file_io.h"

extern "C" {
#include <libavformat/avformat.h>
}

#include <fcntl.h>
#include <poll.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>
#include <new>

#include "core/error.h"
#include "core/file.h"

namespace octet {
namespace {

constexpr int kBufferBytes = 64 << 10;
constexpr int kBreathMs = 100;

// A format that names another file does not get it.
int refuse_to_open(AVFormatContext*, AVIOContext**, const char*, int, AVDictionary**) {
  return AVERROR(EPERM);
}

}  // namespace

FileIo::FileIo(int fd, bool writes, const std::atomic<bool>* stop)
    : fd_(fd),
      stop_(stop),
      context_(avio_alloc_context(static_cast<unsigned char*>(av_malloc(kBufferBytes)),
                                  kBufferBytes, writes ? 1 : 0, this, read, write, seek)) {
  if (context_ == nullptr) throw std::bad_alloc();
  if (::lseek(fd_, 0, SEEK_CUR) < 0) context_->seekable = 0;
}

FileIo::~FileIo() {
  if (fd_ >= 0 && context_->write_flag != 0) avio_flush(context_);
  av_freep(&context_->buffer);
  avio_context_free(&context_);
  if (fd_ >= 0) ::close(fd_);
}

std::unique_ptr<FileIo> FileIo::open_to_read(const std::filesystem::path& path) {
  require_file(path);
  const int fd = ::open(path.c_str(), O_RDONLY | O_NONBLOCK | O_CLOEXEC);
  if (fd < 0) fail("{}: cannot be opened: {}", path.string(), std::strerror(errno));
  return std::unique_ptr<FileIo>(new FileIo(fd, false, nullptr));
}

std::unique_ptr<FileIo> FileIo::open_to_write(const std::filesystem::path& path) {
  const int fd = octet::open_to_write(path, O_CREAT | O_TRUNC);
  return std::unique_ptr<FileIo>(new FileIo(fd, true, nullptr));
}

std::unique_ptr<FileIo> FileIo::standard_input(const std::atomic<bool>& stop) {
  const int fd = ::dup(STDIN_FILENO);
  if (fd < 0) fail("standard input: cannot be read: {}", std::strerror(errno));
  return std::unique_ptr<FileIo>(new FileIo(fd, false, &stop));
}

void FileIo::serve(AVFormatContext& format) {
  format.pb = context_;
  format.flags |= AVFMT_FLAG_CUSTOM_IO;
  format.io_open = refuse_to_open;
}

int FileIo::finish() {
  avio_flush(context_);
  int status = context_->error;
  if (::close(fd_) != 0 && status >= 0) status = AVERROR(errno);
  fd_ = -1;
  return status;
}

int FileIo::read(void* self, uint8_t* bytes, int size) {
  const auto& io = *static_cast<FileIo*>(self);
  for (;;) {
    if (io.stop_ != nullptr) {
      if (*io.stop_) return AVERROR_EXIT;
      pollfd waiting{.fd = io.fd_, .events = POLLIN, .revents = 0};
      if (::poll(&waiting, 1, kBreathMs) == 0) continue;
    }
    const ssize_t got = ::read(io.fd_, bytes, static_cast<size_t>(size));
    if (got > 0) return static_cast<int>(got);
    if (got == 0) return AVERROR_EOF;
    if (errno != EINTR && errno != EAGAIN) return AVERROR(errno);
  }
}

int FileIo::write(void* self, uint8_t* bytes, int size) {
  const auto& io = *static_cast<FileIo*>(self);
  for (int done = 0; done < size;) {
    const ssize_t written = ::write(io.fd_, bytes + done, static_cast<size_t>(size - done));
    if (written < 0 && errno == EINTR) continue;
    if (written < 0) return AVERROR(errno);
    done += static_cast<int>(written);
  }
  return size;
}

int64_t FileIo::seek(void* self, int64_t offset, int whence) {
  const auto& io = *static_cast<FileIo*>(self);
  if ((whence & AVSEEK_SIZE) != 0) {
    struct stat status {};
    return ::fstat(io.fd_, &status) == 0 && S_ISREG(status.st_mode) ? status.st_size
                                                                    : AVERROR(ENOSYS);
  }
  const off_t at = ::lseek(io.fd_, offset, whence & ~AVSEEK_FORCE);
  return at < 0 ? AVERROR(errno) : at;
}

}  // namespace octet
