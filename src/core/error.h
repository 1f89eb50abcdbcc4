// The one exception of octet. It is thrown when work cannot go on, and caught only in main, which
// prints the message and exits with the code. A message names the file, node or option and says
// what to do about it. fail() cleans its arguments, so that a message has no control characters and
// no lines that octet did not write.
//
//   fail("{}: has {} classes, the model has {}", path, data.size(), model.size());
#pragma once

#include <fmt/format.h>

#include <stdexcept>
#include <string>

#include "core/text/clean_text.h"

namespace octet {

enum class ErrorCode { kFailed = 1, kUsage = 2 };  // the process's exit status

class Error : public std::runtime_error {
 public:
  Error(ErrorCode code, const std::string& message) : std::runtime_error(message), code_(code) {}
  [[nodiscard]] ErrorCode code() const { return code_; }

 private:
  ErrorCode code_;
};

template <typename... Args>
[[noreturn]] void fail(fmt::format_string<Args...> format, Args&&... args) {
  throw Error(ErrorCode::kFailed, fmt::vformat(format, fmt::make_format_args(shown(args)...)));
}

template <typename... Args>
[[noreturn]] void fail_usage(fmt::format_string<Args...> format, Args&&... args) {
  throw Error(ErrorCode::kUsage, fmt::vformat(format, fmt::make_format_args(shown(args)...)));
}

}  // namespace octet
