// Lines for people: warnings, and information about what happens. The library prints nothing. It
// gives its lines to the Log that a call or an object was given, and drops them where there is none.
//
// Threads: a Log is called from any thread, from one at a time. Lines of a camera's or an engine's
// own thread go to each object that has a Log. A Log must not call the library, but it may destroy a
// Detector that no thread uses. What it throws is dropped.
//
// Example:
//   octet::DetectorOptions options;
//   options.log = [](octet::LogLevel level, const std::string& line) {
//     std::fprintf(stderr, "%s%s\n", level == octet::LogLevel::kWarning ? "warning: " : "",
//                  line.c_str());
//   };
#pragma once

#include <functional>
#include <string>

#include "octet/version.h"

namespace octet::v0 {

enum class LogLevel { kInfo, kWarning };

// `line` is UTF-8 without control characters and without passwords of addresses.
using Log = std::function<void(LogLevel level, const std::string& line)>;

}  // namespace octet::v0
