#include "core/progress.h"

#include <fmt/format.h>
#include <unistd.h>

#include <algorithm>
#include <cstdio>

namespace octet {

namespace {
constexpr int kWidth = 28;
constexpr auto kInterval = std::chrono::milliseconds(100);
}  // namespace

Progress::Progress(int64_t total)
    : total_(total),
      terminal_(::isatty(STDERR_FILENO) == 1),
      next_(std::chrono::steady_clock::now()) {}

Progress::~Progress() {
  if (drawn_) fmt::print(stderr, "\r\033[K");
}

bool Progress::due() const { return terminal_ && std::chrono::steady_clock::now() >= next_; }

void Progress::update(int64_t done, const std::string& note) {
  if (!due()) return;
  next_ = std::chrono::steady_clock::now() + kInterval;
  drawn_ = true;
  if (total_ <= 0) {
    fmt::print(stderr, "\r\033[K{}  {}", done, note);
    return;
  }
  const auto filled = static_cast<size_t>(std::clamp<int64_t>(done * kWidth / total_, 0, kWidth));
  fmt::print(stderr, "\r\033[K[{}{}] {}/{}  {}", std::string(filled, '#'),
             std::string(kWidth - filled, '.'), done, total_, note);
}

}  // namespace octet
