#include "core/file.h"

#include <fcntl.h>
#include <sys/random.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <chrono>
#include <cstdint>
#include <cstring>
#include <memory>
#include <thread>

#include "core/error.h"
#include "core/process.h"

namespace octet {
namespace fs = std::filesystem;
namespace {

class FileDescriptor {
 public:
  FileDescriptor(const fs::path& path, int flags)
      : fd_(::open(path.c_str(), flags | O_CLOEXEC, 0644)) {
    if (fd_ < 0) fail("{}: cannot open: {}", path.string(), std::strerror(errno));
  }
  explicit FileDescriptor(int fd) : fd_(fd) {}
  ~FileDescriptor() { ::close(fd_); }
  FileDescriptor(const FileDescriptor&) = delete;
  FileDescriptor& operator=(const FileDescriptor&) = delete;
  [[nodiscard]] int get() const { return fd_; }

 private:
  int fd_;
};

void write_all(int fd, std::span<const std::byte> bytes, const fs::path& name) {
  while (!bytes.empty()) {
    const ssize_t written = ::write(fd, bytes.data(), bytes.size());
    if (written < 0 && errno == EINTR) continue;
    if (written < 0) fail("{}: cannot write: {}", name.string(), std::strerror(errno));
    bytes = bytes.subspan(static_cast<size_t>(written));
  }
}

// A device, a pipe or a socket.
bool is_special(const fs::path& path) {
  std::error_code error;
  const fs::file_status status = fs::status(path, error);
  return fs::exists(status) && !fs::is_regular_file(status) && !fs::is_directory(status);
}

// Where a path leads to that is to be written. What is special is opened by the name it has: that of
// /dev/stdout leads to no other.
fs::path through_links(const fs::path& path) {
  std::error_code error;
  if (!fs::is_symlink(fs::symlink_status(path, error)) || is_special(path)) return path;
  fs::path target = fs::canonical(path, error);
  if (error)
    fail("{}: is a link that leads nowhere; remove it, or make what it leads to", path.string());
  return target;
}

// A name beside `path`, with its extension, that nobody can guess.
fs::path hidden_name(const fs::path& path) {
  uint64_t number = 0;
  if (::getrandom(&number, sizeof(number), 0) != sizeof(number))
    fail("{}: the system gives no random numbers: {}", path.string(), std::strerror(errno));
  fs::path hidden = path;
  return hidden.replace_filename(
      fmt::format(".octet-{:016x}{}", number, path.extension().string()));
}

void write_parts(const AtomicPath& target, FileParts parts) {
  const FileDescriptor file(open_to_write(target.temporary(), O_TRUNC));
  for (const auto part : parts) write_all(file.get(), part, target.final_path());
}

}  // namespace

InputFile::InputFile(fs::path path) : path_(std::move(path)) {
  std::error_code error;
  const fs::file_status status = fs::status(path_, error);
  if (status.type() == fs::file_type::not_found) fail("{}: no such file", path_.string());
  if (status.type() == fs::file_type::none)
    fail("{}: cannot open: {}", path_.string(), error.message());
  if (fs::is_directory(status)) fail("{}: is a folder, a file is expected", path_.string());
  if (!fs::is_regular_file(status))
    fail("{}: is not a regular file; a FIFO, socket or device is never read", path_.string());
  // What lies there may have become a FIFO by now, so this does not wait, and it is asked again.
  fd_ = ::open(path_.c_str(), O_RDONLY | O_NONBLOCK | O_NOCTTY | O_CLOEXEC);
  if (fd_ < 0) fail("{}: cannot open: {}", path_.string(), std::strerror(errno));
  struct stat opened {};
  if (::fstat(fd_, &opened) != 0 || !S_ISREG(opened.st_mode)) {
    ::close(fd_);
    fail("{}: is not a regular file", path_.string());
  }
  size_ = static_cast<size_t>(opened.st_size);
}

InputFile::~InputFile() { ::close(fd_); }

size_t InputFile::read(std::span<std::byte> bytes) {
  size_t filled = 0;
  while (filled < bytes.size()) {
    const ssize_t got = ::read(fd_, bytes.data() + filled, bytes.size() - filled);
    if (got < 0 && errno == EINTR) continue;
    if (got < 0) fail("{}: cannot read: {}", path_.string(), std::strerror(errno));
    if (got == 0) break;
    filled += static_cast<size_t>(got);
  }
  return filled;
}

void require_file(const fs::path& path) { (void)InputFile(path); }

namespace {

template <typename Bytes>
Bytes read_whole(const fs::path& path, size_t max_bytes) {
  InputFile file(path);
  if (file.size() > max_bytes)
    fail("{}: has {} bytes; {} are the most for a file of this kind", path.string(), file.size(),
         max_bytes);
  Bytes bytes(file.size(), typename Bytes::value_type{});
  bytes.resize(file.read(std::as_writable_bytes(std::span(bytes))));
  return bytes;
}

}  // namespace

std::vector<std::byte> read_file(const fs::path& path, size_t max_bytes) {
  return read_whole<std::vector<std::byte>>(path, max_bytes);
}

std::string read_text_file(const fs::path& path, size_t max_bytes) {
  return read_whole<std::string>(path, max_bytes);
}

void make_folder(const fs::path& path) {
  std::error_code error;
  fs::create_directories(path, error);
  if (error || !fs::is_directory(path)) {
    fail("{}: cannot create this folder: {}", path.string(),
         error ? error.message() : std::string("a file of this name exists"));
  }
}

int open_to_write(const fs::path& path, int flags) {
  constexpr std::chrono::milliseconds kBreath{20};
  for (;;) {
    const int fd = ::open(path.c_str(), flags | O_WRONLY | O_NONBLOCK | O_NOCTTY | O_CLOEXEC, 0644);
    if (fd >= 0) {
      ::fcntl(fd, F_SETFL, ::fcntl(fd, F_GETFL) & ~O_NONBLOCK);
      return fd;
    }
    const int reason = errno;
    std::error_code unknown;
    if (reason != ENXIO || !fs::is_fifo(path, unknown))
      fail("{}: cannot be written: {}", path.string(), std::strerror(reason));
    if (stop_requested()) fail("{}: interrupted; nobody reads this pipe", path.string());
    std::this_thread::sleep_for(kBreath);
  }
}

AtomicPath::AtomicPath(const fs::path& path) : path_(through_links(path)), temporary_(path_) {
  const fs::path parent = path_.has_parent_path() ? path_.parent_path() : fs::path(".");
  if (!fs::is_directory(parent))
    fail("{}: the folder {} does not exist", path_.string(), parent.string());
  if (fs::is_directory(path_)) fail("{}: is a folder, cannot be written as a file", path_.string());
  if (is_special(path_)) return;
  temporary_ = hidden_name(path_);
  unfinished_.emplace(temporary_);
  const int fd =
      ::open(temporary_.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0644);
  if (fd < 0) fail("{}: cannot be written: {}", path_.string(), std::strerror(errno));
  ::close(fd);
}

AtomicPath::~AtomicPath() {
  std::error_code ignored;
  if (unfinished_) fs::remove(temporary_, ignored);
}

void AtomicPath::flush() const {
  if (!unfinished_) return;
  const FileDescriptor file(temporary_, O_RDONLY | O_NOFOLLOW);
  if (::fsync(file.get()) != 0)
    fail("{}: cannot be written: {}", path_.string(), std::strerror(errno));
}

void AtomicPath::put_in_place() {
  if (!unfinished_) return;
  std::error_code error;
  fs::rename(temporary_, path_, error);
  if (error) fail("{}: cannot be written: {}", path_.string(), error.message());
  unfinished_.reset();
}

void rotate_files(const fs::path& given, int keep) {
  if (is_special(given)) return;
  const fs::path path = through_links(given);
  const auto aged = [&](int age) {
    fs::path older = path;
    if (age > 0)
      older.replace_filename(
          fmt::format("{}.{}{}", path.stem().string(), age, path.extension().string()));
    return older;
  };
  for (int age = keep - 1; age >= 0; --age) {
    std::error_code error;
    if (!fs::exists(aged(age), error)) continue;
    fs::rename(aged(age), aged(age + 1), error);
    if (error) fail("{}: cannot be renamed: {}", aged(age).string(), error.message());
  }
}

void write_file(const fs::path& path, FileParts parts) {
  AtomicPath target(path);
  write_parts(target, parts);
  target.commit();
}

void write_text_file(const fs::path& path, std::string_view text) {
  const std::span<const std::byte> part = as_bytes(text);
  write_file(path, {&part, 1});
}

void write_and_rotate(const fs::path& path, std::string_view text, int keep) {
  AtomicPath target(path);
  const std::span<const std::byte> part = as_bytes(text);
  write_parts(target, {&part, 1});
  target.flush();
  const SignalPause pause;
  rotate_files(target.final_path(), keep);
  target.put_in_place();
}

void write_files(const std::vector<FileContent>& files) {
  std::vector<std::unique_ptr<AtomicPath>> targets;
  for (const FileContent& file : files) {
    targets.push_back(std::make_unique<AtomicPath>(file.path));
    write_parts(*targets.back(), {&file.bytes, 1});
    targets.back()->flush();
  }
  const SignalPause pause;
  const fs::path& last = targets.back()->final_path();
  std::error_code ignored;
  if (targets.size() > 1 && !is_special(last)) fs::remove(last, ignored);
  for (const auto& target : targets) target->put_in_place();
}

}  // namespace octet
