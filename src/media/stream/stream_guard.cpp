#include "media/stream/stream_guard.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <unistd.h>

#include <array>
#include <cstdlib>

namespace octet {
namespace {

// More than any camera needs in one wait: pictures of 8192 x 8192 and a decoder's references.
constexpr int64_t kMostGrowth = 512 << 20;
constexpr std::chrono::milliseconds kBetweenLooks{50};

// Bytes of this process; 0 where the system does not tell. Without allocation.
int64_t resident_bytes() {
  const int fd = ::open("/proc/self/statm", O_RDONLY | O_CLOEXEC);
  if (fd < 0) return 0;
  std::array<char, 128> text{};
  const ssize_t got = ::read(fd, text.data(), text.size() - 1);
  ::close(fd);
  char* second = nullptr;
  if (got <= 0) return 0;
  (void)std::strtoll(text.data(), &second, 10);
  return std::strtoll(second, nullptr, 10) * ::sysconf(_SC_PAGESIZE);
}

}  // namespace

StreamGuard::StreamGuard(const std::atomic<bool>& stop, std::chrono::milliseconds patience)
    : stop_(stop), patience_(patience) {
  begin();
}

void StreamGuard::begin() {
  measured_ = Clock::now();
  deadline_ = measured_ + patience_;
  resident_before_ = 0;
}

bool StreamGuard::must_end() {
  const auto now = Clock::now();
  if (stop_ || too_large_ || now > deadline_) return true;
  if (now - measured_ < kBetweenLooks) return false;
  measured_ = now;
  const int64_t resident = resident_bytes();
  if (resident_before_ == 0) resident_before_ = resident;
  too_large_ = resident - resident_before_ > kMostGrowth;
  return too_large_;
}

std::string StreamGuard::reason() const {
  if (stop_) return "it was asked to stop";
  if (too_large_) return fmt::format("it took more than {} MB of memory", kMostGrowth >> 20);
  return fmt::format("nothing came in for {:.0f} s",
                     std::chrono::duration<double>(patience_).count());
}

}  // namespace octet
