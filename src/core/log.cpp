#include "core/log.h"

#include <atomic>
#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <map>

#include "core/mutex.h"

namespace octet {
namespace {

using Clock = std::chrono::steady_clock;

constexpr int kMostAMinute = 20;

// Of one kind of warning, in the minute that runs.
struct Minute {
  Clock::time_point began = Clock::now();
  int lines = 0;
};

struct Log {
  std::atomic<LogSink> sink = nullptr;
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

std::string json_text(const std::string& text) {
  std::string out;
  for (const char c : text) {
    if (c == '"' || c == '\\') out += '\\';
    out += static_cast<unsigned char>(c) < ' ' ? ' ' : c;
  }
  return out;
}

void print(const Log& log, LogLevel level, const std::string& message) OCTET_REQUIRES(log.mutex) {
  const bool warning = level == LogLevel::kWarning;
  if (log.style == LogStyle::kJson) {
    const auto now = std::chrono::system_clock::now().time_since_epoch();
    fmt::print(stderr, "{{\"time\":{:.3f},\"level\":\"{}\",\"message\":\"{}\"}}\n",
               std::chrono::duration<double>(now).count(), warning ? "warning" : "info",
               json_text(message));
    return;
  }
  fmt::print(stderr, "{}{}{}\n",
             !log.journal ? ""
             : warning    ? "<4>"
                          : "<6>",
             warning ? "warning: " : "", message);
}

}  // namespace

void set_log_style(LogStyle style) {
  Log& log = the_log();
  const MutexLock lock(log.mutex);
  log.style = style;
}

void set_log_sink(LogSink sink) { the_log().sink = sink; }

void write_log(LogLevel level, const char* kind, const std::string& message) {
  Log& log = the_log();
  if (const LogSink sink = log.sink) return sink(level, kind, message);
  const MutexLock lock(log.mutex);
  if (level == LogLevel::kInfo) return print(log, level, message);
  Minute& minute = log.minutes[kind];
  if (Clock::now() - minute.began > std::chrono::minutes(1)) {
    if (minute.lines > kMostAMinute)
      print(log, level,
            fmt::format("({} lines like the next were left out)", minute.lines - kMostAMinute));
    minute = {};
  }
  if (++minute.lines <= kMostAMinute) print(log, level, message);
}

}  // namespace octet
