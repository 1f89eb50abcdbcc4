#include "core/child.h"

#include <fcntl.h>
#include <poll.h>
#include <spawn.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <csignal>
#include <cstring>

#include "core/error.h"
#include "core/process.h"

namespace octet {
namespace {

using Clock = std::chrono::steady_clock;

constexpr int kLookMs = 50;
constexpr size_t kMostOutput = 64U << 10;
constexpr int kAbove = 64;  // descriptors that no child's file has

class Descriptor {
 public:
  explicit Descriptor(int number = -1) : number_(number) {}
  ~Descriptor() { close(); }
  Descriptor(Descriptor&& other) noexcept : number_(other.number_) { other.number_ = -1; }
  Descriptor(const Descriptor&) = delete;
  Descriptor& operator=(const Descriptor&) = delete;
  Descriptor& operator=(Descriptor&&) = delete;
  [[nodiscard]] int number() const { return number_; }
  void close() {
    if (number_ >= 0) ::close(number_);
    number_ = -1;
  }

 private:
  int number_;
};

Descriptor file_in_memory(std::span<const std::byte> bytes) {
  const Descriptor low(::memfd_create("octet", MFD_CLOEXEC));
  Descriptor file(::fcntl(low.number(), F_DUPFD_CLOEXEC, kAbove));
  if (file.number() < 0) fail("no file in memory can be made: {}", std::strerror(errno));
  for (size_t done = 0; done < bytes.size();) {
    const ssize_t wrote = ::write(file.number(), bytes.data() + done, bytes.size() - done);
    if (wrote < 0 && errno == EINTR) continue;
    if (wrote <= 0) fail("no file in memory can be written: {}", std::strerror(errno));
    done += static_cast<size_t>(wrote);
  }
  ::lseek(file.number(), 0, SEEK_SET);
  return file;
}

pid_t start(const std::vector<std::string>& arguments, const std::vector<Descriptor>& files,
            int output) {
  std::vector<char*> argv;
  for (const std::string& a : arguments) argv.push_back(const_cast<char*>(a.c_str()));
  argv.push_back(nullptr);
  posix_spawn_file_actions_t actions;
  ::posix_spawn_file_actions_init(&actions);
  ::posix_spawn_file_actions_addopen(&actions, STDIN_FILENO, "/dev/null", O_RDONLY, 0);
  ::posix_spawn_file_actions_addopen(&actions, STDERR_FILENO, "/dev/null", O_WRONLY, 0);
  ::posix_spawn_file_actions_adddup2(&actions, output, STDOUT_FILENO);
  for (size_t i = 0; i < files.size(); ++i)
    ::posix_spawn_file_actions_adddup2(&actions, files[i].number(),
                                       kFirstChildFile + static_cast<int>(i));
  pid_t child = 0;
  const int error = ::posix_spawn(&child, argv[0], &actions, nullptr, argv.data(), environ);
  ::posix_spawn_file_actions_destroy(&actions);
  if (error != 0) fail("{}: cannot be started: {}", arguments.at(0), std::strerror(error));
  return child;
}

// Reads until the other end is closed; false when time is over or `stop` is true.
bool read_all(int from, Clock::time_point deadline, const std::atomic<bool>& stop,
              ChildResult& result) {
  std::array<char, 4096> buffer{};
  while (Clock::now() < deadline) {
    if (stop) {
      result.how = ChildResult::End::kInterrupted;
      return false;
    }
    pollfd ready{.fd = from, .events = POLLIN, .revents = 0};
    if (::poll(&ready, 1, kLookMs) <= 0) continue;
    const ssize_t got = ::read(from, buffer.data(), buffer.size());
    if (got < 0 && errno == EINTR) continue;
    if (got <= 0) return true;
    const size_t room = kMostOutput - result.out.size();
    result.out.append(buffer.data(), std::min(room, static_cast<size_t>(got)));
  }
  result.how = ChildResult::End::kTimedOut;
  return false;
}

}  // namespace

ChildResult run_child(const std::vector<std::string>& arguments,
                      std::span<const std::span<const std::byte>> files,
                      std::chrono::milliseconds at_most, const std::atomic<bool>& stop) {
  std::vector<Descriptor> open;
  for (const auto& bytes : files) open.push_back(file_in_memory(bytes));
  int ends[2];
  if (::pipe2(ends, O_CLOEXEC) != 0)
    fail("{}: cannot be started: {}", arguments.at(0), std::strerror(errno));
  const Descriptor in(ends[0]);
  Descriptor out(ends[1]);
  const pid_t child = start(arguments, open, out.number());
  out.close();
  ChildResult result;
  const bool over = read_all(in.number(), Clock::now() + at_most, stop, result);
  if (!over) ::kill(child, SIGKILL);
  int status = 0;
  pid_t waited = 0;
  do waited = ::waitpid(child, &status, 0);
  while (waited < 0 && errno == EINTR);
  if (!over) return result;
  if (waited < 0) {
    result.code = kStatusUnknown;
    return result;
  }
  result.how = WIFEXITED(status) ? ChildResult::End::kExited : ChildResult::End::kSignalled;
  result.code = WIFEXITED(status) ? WEXITSTATUS(status) : WTERMSIG(status);
  return result;
}

void end_with_parent(int signal) { ::prctl(PR_SET_PDEATHSIG, signal); }

}  // namespace octet
