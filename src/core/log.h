// Log lines for people, on standard error. Standard output has the results.
//
// At most twenty warnings of one kind are written a minute, and the log reports the number of the
// others. Under systemd's journal a line begins with its priority (sd-daemon(3)). A line never has
// control characters, a line break or a secret of an address. Logging never throws and never ends
// the program: a line that cannot be written is counted, and the next line reports the count. A
// module has its own copy of this state and passes its lines to the program by set_log_sink(). Any
// thread.
//
//   log_info("{}: {} images", path, count);
#pragma once

#include <fmt/format.h>

#include <string>
#include <utility>

namespace octet {

enum class LogLevel { kInfo, kWarning };
enum class LogStyle {
  kText,
  kJson
};  // JSON: {"time","level","message"}, time in seconds since 1970

void set_log_style(LogStyle style);

// Passes every line to `sink`, unformatted and without a limit. Null restores standard error.
using LogSink = void (*)(LogLevel level, const char* kind, const std::string& message);
void set_log_sink(LogSink sink);

// `kind` groups lines for the limit of warnings.
void write_log(LogLevel level, const char* kind, const std::string& message) noexcept;
void format_log(LogLevel level, fmt::string_view format, fmt::format_args args) noexcept;

template <typename... Args>
void log_info(fmt::format_string<Args...> format, Args&&... args) noexcept {
  format_log(LogLevel::kInfo, format, fmt::make_format_args(args...));
}

template <typename... Args>
void log_warning(fmt::format_string<Args...> format, Args&&... args) noexcept {
  format_log(LogLevel::kWarning, format, fmt::make_format_args(args...));
}

}  // namespace octet
