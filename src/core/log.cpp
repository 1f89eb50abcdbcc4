#include "core/log.h"

#include <atomic>
#include <chrono>
#include <cstdint>
#include <cstdlib>
#include <iterator>
#include <map>
#include <nlohmann/json.hpp>
#include <string_view>

#include "core/error.h"
#include "core/mutex.h"
#include "core/output.h"
#include "core/text/clean_text.h"
#include "core/text/json_text.h"
#include "core/text/secrets.h"

namespace octet {
namespace {

using Clock = std::chrono::steady_clock;

constexpr int kMostAMinute = 20;
constexpr int kPatienceMs = 1000;    // with who reads standard error
constexpr size_t kMostBytes = 8000;  // of a line

// Of one kind of warning, in the minute that runs.
struct Minute {
  Clock::time_point began = Clock::now();
  int lines = 0;
};

struct Log {
  std::atomic<LogSink> sink = nullptr;
  std::atomic<LogLevel> least = LogLevel::kInfo;
  std::atomic<int64_t> lost = 0;  // lines since the last that could be written
  Mutex mutex;
  LogStyle style OCTET_GUARDED_BY(mutex) = LogStyle::kText;
  bool journal = std::getenv("JOURNAL_STREAM") != nullptr;
  std::map<const char*, Minute> minutes OCTET_GUARDED_BY(mutex);
};

// Never destroyed: what ends late may still have something to say.
Log& the_log() {
  static Log& log = *new Log;
  return log;
}

// In the order of LogLevel. The priorities are sd-daemon(3)'s.
struct LevelRow {
  std::string_view name, prefix, priority;
};
constexpr LevelRow kLevels[] = {{"debug", "debug: ", "<7>"},
                                {"info", "", "<6>"},
                                {"warning", "warning: ", "<4>"},
                                {"error", "error: ", "<3>"}};

const LevelRow& row_of(LogLevel level) { return kLevels[static_cast<size_t>(level)]; }

// A line as it is written. `message` is clean.
std::string line_of(const Log& log, LogLevel level, const std::string& message)
    OCTET_REQUIRES(log.mutex) {
  if (log.style == LogStyle::kJson) {
    const auto now = std::chrono::system_clock::now().time_since_epoch();
    return fmt::format("{{\"time\":{:.3f},\"level\":\"{}\",\"message\":{}}}\n",
                       std::chrono::duration<double>(now).count(), row_of(level).name,
                       dump_json(nlohmann::json(message)));
  }
  return fmt::format("{}{}{}\n", log.journal ? row_of(level).priority : "", row_of(level).prefix,
                     message);
}

// While nobody reads, only the first line waits.
bool write(const Log& log, LogLevel level, const std::string& message) OCTET_REQUIRES(log.mutex) {
  return write_error_output(line_of(log, level, message), log.lost == 0 ? kPatienceMs : 0);
}

void print(Log& log, LogLevel level, const std::string& message) OCTET_REQUIRES(log.mutex) {
  const bool written = write(log, level, message);
  if (!written) {
    ++log.lost;
  } else if (log.lost > 0 &&
             write(log, LogLevel::kWarning,
                   fmt::format("({} lines before the last could not be written)", log.lost))) {
    log.lost = 0;
  }
}

// At most one long line, so that a text of a file cannot flood the log.
std::string public_line(const std::string& message) {
  std::string line = clean_text(without_secrets(std::string_view(message).substr(0, kMostBytes)));
  if (message.size() > kMostBytes) line += "…";
  return line;
}

void write_limited(Log& log, LogLevel level, const char* kind, const std::string& message)
    OCTET_REQUIRES(log.mutex) {
  if (level != LogLevel::kWarning) return print(log, level, message);
  Minute& minute = log.minutes[kind];
  if (Clock::now() - minute.began > std::chrono::minutes(1)) {
    if (minute.lines > kMostAMinute)
      print(log, level,
            fmt::format("({} lines like the next were left out)", minute.lines - kMostAMinute));
    minute = {};
  }
  if (++minute.lines <= kMostAMinute) print(log, level, message);
}

}  // namespace

void set_log_style(LogStyle style) {
  Log& log = the_log();
  const MutexLock lock(log.mutex);
  log.style = style;
}

void set_least_level(LogLevel level) { the_log().least = level; }

void set_least_level_from_environment() {
  const char* wanted = std::getenv("OCTET_LOG");
  if (wanted == nullptr || *wanted == '\0') return;
  for (size_t i = 0; i < std::size(kLevels); ++i) {
    if (kLevels[i].name == wanted) return set_least_level(static_cast<LogLevel>(i));
  }
  fail_usage("OCTET_LOG={}: error, warning, info or debug is expected", wanted);
}

void set_log_sink(LogSink sink) { the_log().sink = sink; }

void write_log(LogLevel level, const char* kind, const std::string& message) noexcept {
  Log& log = the_log();
  try {
    if (const LogSink sink = log.sink) return sink(level, kind, message);
    if (level < log.least) return;
    const std::string line = public_line(message);
    const MutexLock lock(log.mutex);
    write_limited(log, level, kind, line);
  } catch (...) {  // no memory for the line
    ++log.lost;
  }
}

void format_log(LogLevel level, fmt::string_view format, fmt::format_args args) noexcept {
  try {
    write_log(level, format.data(), fmt::vformat(format, args));
  } catch (...) {
    ++the_log().lost;
  }
}

}  // namespace octet
