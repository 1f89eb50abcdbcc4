// What every program of octet does around its verbs.
#pragma once

#include <functional>

namespace octet {

// Runs a program's work and returns its exit status: 0, or what the Error says, or 1. Errors are
// written to standard error, without secrets and control characters. The status is 0 only when all of
// standard output was written. `out_of_memory` says what to do then.
//
// Before it: standard descriptors that are closed become ones that take nothing, so that no file gets
// their numbers; a reader of a pipe that went away and a file that may not grow are errors of
// write(); SIGHUP, SIGINT, SIGQUIT and SIGTERM remove unfinished files before they end the program.
[[nodiscard]] int run_main(const std::function<void()>& work, const char* out_of_memory);

}  // namespace octet
