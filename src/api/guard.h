// What every function of the library does around its work: the log goes to who asked for it, and
// what fails comes out as the library's Error.
#pragma once

#include <octet/error.h>
#include <octet/log.h>

#include <string>
#include <type_traits>

#include "core/mutex.h"

namespace octet::v0 {

// While it lives, lines of threads that belong to no call go to this log as well. `log` has to
// outlive it. Its end waits for a call of `log` on another thread; it may come inside a log.
class LogListener {
 public:
  explicit LogListener(const Log& log);
  ~LogListener();
  LogListener(const LogListener&) = delete;
  LogListener& operator=(const LogListener&) = delete;

 private:
  const Log* log_;
};

// While it lives, lines of this thread go to this log alone; without one they are dropped.
class LogScope {
 public:
  explicit LogScope(const Log& log);
  ~LogScope();
  LogScope(const LogScope&) = delete;
  LogScope& operator=(const LogScope&) = delete;

 private:
  const Log* outer_;
};

// Of the exception that is being handled: throws it as an Error of the library. Messages are shared
// with the command line; what they call an option is the name of a member here.
[[noreturn]] void throw_as_error();

template <typename Work>
std::invoke_result_t<Work> guarded(const Log& log, const Work& work) {
  const LogScope scope(log);
  try {
    return work();
  } catch (...) {
    throw_as_error();
  }
}

// "--imgsz 300: …" as "size 300: …".
[[nodiscard]] std::string in_words_of_the_interface(std::string message);

}  // namespace octet::v0
