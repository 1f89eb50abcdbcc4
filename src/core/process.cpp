#include "core/process.h"

#include <fcntl.h>
#include <poll.h>
#include <spawn.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <csignal>
#include <cstdint>
#include <cstring>
#include <ctime>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <limits>
#include <sstream>
#include <string>
#include <utility>

#include "core/cpu.h"
#include "core/error.h"
#include "core/unfinished_files.h"

namespace octet {
namespace {

std::atomic<bool> g_stop{false};
static_assert(std::atomic<bool>::is_always_lock_free, "a signal handler writes it");
std::atomic<const std::atomic<bool>*> g_stop_flag{&g_stop};

// Programs such as timeout send the signal to the process and to its group: what follows within a
// second is the same request.
constexpr int64_t kSameRequestMs = 1000;
constexpr int kBreathMs = 100;  // how soon a request to stop is seen
constexpr int64_t kNever = std::numeric_limits<int64_t>::max();
constexpr int64_t kGraceMs = 5000;  // from SIGTERM to SIGKILL
std::atomic<int64_t> g_first_ms{0};
std::atomic<bool> g_reload{false};

int64_t monotonic_ms() {
  timespec now{};
  ::clock_gettime(CLOCK_MONOTONIC, &now);
  return static_cast<int64_t>(now.tv_sec) * 1000 + now.tv_nsec / 1'000'000;
}

void on_stop_signal(int signal) {
  const int64_t now = monotonic_ms();
  if (!g_stop.exchange(true)) {
    g_first_ms = now;
  } else if (now - g_first_ms > kSameRequestMs) {
    end_by_signal(signal);
  }
}

// What this program ignores, others may count on.
sigset_t signals_of_programs() {
  sigset_t set;
  ::sigemptyset(&set);
  for (const int ignored : {SIGPIPE, SIGXFSZ}) ::sigaddset(&set, ignored);
  return set;
}

double milliseconds(const timeval& t) {
  return static_cast<double>(t.tv_sec) * 1e3 + static_cast<double>(t.tv_usec) * 1e-3;
}

}  // namespace

ProcessUsage process_usage() {
  rusage usage{};
  ::getrusage(RUSAGE_SELF, &usage);
  return {.cpu = std::chrono::duration<double, std::milli>(milliseconds(usage.ru_utime) +
                                                           milliseconds(usage.ru_stime)),
          .peak_rss_mb = static_cast<double>(usage.ru_maxrss) / 1024};
}

double percent_of_cores(double cpu_ms, double seconds) {
  return seconds > 0 ? cpu_ms / 10 / seconds / usable_cores() : 0;
}

std::chrono::duration<double, std::milli> time_since_process_start() {
  std::ifstream file("/proc/self/stat");
  const std::string text{std::istreambuf_iterator<char>(file), {}};
  std::istringstream fields(text.substr(text.rfind(')') + 1));
  std::string skipped;
  for (int i = 3; i < 22; ++i)
    fields >> skipped;  // field 22: start time in clock ticks since boot, proc(5)
  double ticks = 0;
  fields >> ticks;
  timespec now{};
  ::clock_gettime(CLOCK_BOOTTIME, &now);
  const double now_ms =
      static_cast<double>(now.tv_sec) * 1e3 + static_cast<double>(now.tv_nsec) * 1e-6;
  return std::chrono::duration<double, std::milli>(
      now_ms - ticks * 1e3 / static_cast<double>(::sysconf(_SC_CLK_TCK)));
}

std::filesystem::path program_folder() {
  std::error_code error;
  const auto program = std::filesystem::read_symlink("/proc/self/exe", error);
  return error ? "." : program.parent_path();
}

ProgramResult run_program(const std::vector<std::string>& arguments, const ProgramLimits& limits) {
  std::vector<char*> argv;
  for (const std::string& a : arguments) argv.push_back(const_cast<char*>(a.c_str()));
  argv.push_back(nullptr);
  int ends[2];
  if (::pipe2(ends, O_CLOEXEC) != 0)
    fail("{}: cannot be started: {}", arguments.at(0), std::strerror(errno));
  posix_spawn_file_actions_t actions;
  ::posix_spawn_file_actions_init(&actions);
  ::posix_spawn_file_actions_adddup2(&actions, ends[1], STDOUT_FILENO);
  if (!limits.errors.empty())
    ::posix_spawn_file_actions_addopen(&actions, STDERR_FILENO, limits.errors.c_str(),
                                       O_WRONLY | O_CREAT | O_TRUNC, S_IRUSR | S_IWUSR);
  pid_t child = 0;
  posix_spawnattr_t attributes;
  ::posix_spawnattr_init(&attributes);
  const sigset_t heard = signals_of_programs();
  ::posix_spawnattr_setsigdefault(&attributes, &heard);
  ::posix_spawnattr_setflags(&attributes, POSIX_SPAWN_SETSIGDEF);
  const int error = ::posix_spawnp(&child, argv[0], &actions, &attributes, argv.data(), environ);
  ::posix_spawnattr_destroy(&attributes);
  ::posix_spawn_file_actions_destroy(&actions);
  ::close(ends[1]);
  ProgramResult result;
  std::array<char, 65536> buffer{};
  bool told = false;
  int64_t kill_ms = kNever;
  const int64_t deadline_ms =
      limits.at_most.count() > 0 ? monotonic_ms() + limits.at_most.count() : kNever;
  while (error == 0) {
    result.timed_out = result.timed_out || monotonic_ms() > deadline_ms;
    if ((stop_requested() || result.timed_out) && !std::exchange(told, true)) {
      ::kill(child, SIGTERM);
      if (deadline_ms != kNever) kill_ms = monotonic_ms() + kGraceMs;
    }
    if (monotonic_ms() > kill_ms) ::kill(child, SIGKILL);
    pollfd ready{.fd = ends[0], .events = POLLIN, .revents = 0};
    if (::poll(&ready, 1, kBreathMs) <= 0) continue;
    const ssize_t got = ::read(ends[0], buffer.data(), buffer.size());
    if (got < 0 && errno == EINTR) continue;
    if (got <= 0) break;
    result.out.append(buffer.data(), static_cast<size_t>(got));
  }
  ::close(ends[0]);
  if (error == ENOENT) return {.installed = false, .status = 127, .out = {}};
  if (error != 0) fail("{}: cannot be started: {}", arguments.at(0), std::strerror(error));
  int status = 0;
  while (::waitpid(child, &status, 0) < 0 && errno == EINTR) {
  }
  result.status = WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
  return result;
}

bool run_in_child(const std::function<void()>& work) {
  std::error_code error;
  const std::filesystem::directory_iterator threads("/proc/self/task", error);
  if (error || std::distance(begin(threads), end(threads)) != 1) return false;
  const pid_t child = ::fork();
  if (child < 0) return false;
  if (child == 0) {
    try {
      work();
      ::_exit(0);
    } catch (...) {
      ::_exit(1);
    }
  }
  int status = 0;
  while (::waitpid(child, &status, 0) < 0) {
    if (errno != EINTR) return false;
  }
  return WIFEXITED(status) && WEXITSTATUS(status) == 0;
}

const std::atomic<bool>& stop_requested() { return *g_stop_flag; }

void set_stop_flag(const std::atomic<bool>& flag) { g_stop_flag = &flag; }

bool take_reload_request() {
  static const auto previous = std::signal(SIGHUP, [](int) { g_reload = true; });
  (void)previous;
  return g_reload.exchange(false);
}

void install_stop_signals() {
  std::signal(SIGINT, on_stop_signal);
  std::signal(SIGTERM, on_stop_signal);
}

}  // namespace octet
