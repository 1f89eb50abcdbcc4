#include "core/output.h"

#include <poll.h>
#include <unistd.h>

#include <algorithm>
#include <atomic>
#include <cerrno>
#include <climits>
#include <cstdio>
#include <cstring>

#include "core/error.h"

namespace octet {
namespace {

[[noreturn]] void fail_output(int reason) {
  if (reason == EPIPE) throw ReaderGone();
  fail("standard output: cannot be written{}{}; the results are not complete",
       reason != 0 ? ": " : "", reason != 0 ? std::strerror(reason) : "");
}

constexpr std::string_view kTakeAway = "\r\033[K";  // to the line's begin; erase to its end
std::atomic<bool> g_status_drawn = false;

bool write_error(std::string_view text, int at_most_ms) noexcept {
  while (!text.empty()) {
    pollfd ready{.fd = STDERR_FILENO, .events = POLLOUT, .revents = 0};
    const int polled = ::poll(&ready, 1, at_most_ms);
    if (polled < 0 && errno == EINTR) continue;
    if (polled <= 0) return false;
    // A pipe that is ready takes so much at once.
    const ssize_t written =
        ::write(STDERR_FILENO, text.data(), std::min<size_t>(text.size(), PIPE_BUF));
    if (written < 0 && errno == EINTR) continue;
    if (written <= 0) return false;
    text.remove_prefix(static_cast<size_t>(written));
  }
  return true;
}

void take_status_away() noexcept {
  if (g_status_drawn.exchange(false)) write_error(kTakeAway, 0);
}

}  // namespace

void write_output(std::string_view text) {
  if (g_status_drawn && ::isatty(STDOUT_FILENO) == 1) take_status_away();
  errno = 0;
  if (std::fwrite(text.data(), 1, text.size(), stdout) != text.size()) fail_output(errno);
}

void finish_output() {
  errno = 0;
  if (std::fflush(stdout) != 0 || std::ferror(stdout) != 0) fail_output(errno);
}

bool write_error_output(std::string_view text, int at_most_ms) noexcept {
  take_status_away();
  return write_error(text, at_most_ms);
}

void draw_status(std::string_view line) noexcept {
  if (line.empty()) return take_status_away();
  // A terminal that takes no more misses a picture.
  if (write_error(kTakeAway, 0)) write_error(line, 0);
  g_status_drawn = true;
}

}  // namespace octet
