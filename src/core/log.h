// Lines for people, on standard error; standard output belongs to results. How much is written follows
// from the level: by default all but debug lines. Of one kind of
// warning no more than twenty a minute are written; how many were left out is said. Under systemd's
// journal a line begins with its priority (sd-daemon(3)). A line is one line without control
// characters and without the secrets of addresses, whatever is in its texts. Logging never throws
// and never ends the program: a line that cannot be written is counted, and how many there were is
// said with the next that can. A module has a copy of this state; its lines are handed to the
// program's with set_log_sink(). Any thread.
#pragma once

#include <fmt/format.h>

#include <string>
#include <utility>

namespace octet {

// kError: of set_least_level() alone. What ends the program is an Error, which main writes.
enum class LogLevel { kDebug, kInfo, kWarning, kError };
enum class LogStyle {
  kText,
  kJson
};  // JSON: {"time","level","message"}, time in seconds since 1970

void set_log_style(LogStyle style);

// Lines below this level are left out. The environment's OCTET_LOG sets it when the program starts:
// error, warning, info or debug. Throws a usage Error when it is something else.
void set_least_level(LogLevel level);
void set_least_level_from_environment();

// Hands every line to `sink`, with nothing limited or formatted here; null: standard error again.
using LogSink = void (*)(LogLevel level, const char* kind, const std::string& message);
void set_log_sink(LogSink sink);

// `kind`: lines that share it are of one kind.
void write_log(LogLevel level, const char* kind, const std::string& message) noexcept;
void format_log(LogLevel level, fmt::string_view format, fmt::format_args args) noexcept;

// What helps to find a fault: octet -v.
template <typename... Args>
void log_debug(fmt::format_string<Args...> format, Args&&... args) noexcept {
  format_log(LogLevel::kDebug, format, fmt::make_format_args(args...));
}

template <typename... Args>
void log_info(fmt::format_string<Args...> format, Args&&... args) noexcept {
  format_log(LogLevel::kInfo, format, fmt::make_format_args(args...));
}

template <typename... Args>
void log_warning(fmt::format_string<Args...> format, Args&&... args) noexcept {
  format_log(LogLevel::kWarning, format, fmt::make_format_args(args...));
}

}  // namespace octet
