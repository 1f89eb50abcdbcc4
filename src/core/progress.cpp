#include "core/progress.h"

#include <fmt/format.h>
#include <unistd.h>

#include <algorithm>

#include "core/output.h"
#include "core/text/clean_text.h"

namespace octet {

namespace {
constexpr int kWidth = 28;
constexpr auto kInterval = std::chrono::milliseconds(100);

// In place of what stands in the line. A terminal that does not take it misses a picture.
void draw(const std::string& line) { write_error_output("\r\033[K" + line, 0); }

}  // namespace

Progress::Progress(int64_t total)
    : total_(total),
      terminal_(::isatty(STDERR_FILENO) == 1),
      next_(std::chrono::steady_clock::now()) {}

Progress::~Progress() {
  if (drawn_) draw("");
}

bool Progress::due() const { return terminal_ && std::chrono::steady_clock::now() >= next_; }

void Progress::update(int64_t done, const std::string& note) {
  if (!due()) return;
  next_ = std::chrono::steady_clock::now() + kInterval;
  drawn_ = true;
  const std::string shown_note = clean_text(note);
  if (total_ <= 0) return draw(fmt::format("{}  {}", done, shown_note));
  const auto filled = static_cast<size_t>(std::clamp<int64_t>(done * kWidth / total_, 0, kWidth));
  draw(fmt::format("[{}{}] {}/{}  {}", std::string(filled, '#'), std::string(kWidth - filled, '.'),
                   done, total_, shown_note));
}

}  // namespace octet
