// The frame of every program of octet around its verbs.
#pragma once

#include <functional>

namespace octet {

// Runs the program's work and returns its exit status: 0, the status of the Error, or 1. Errors go
// to standard error, without secrets and control characters. The status is 0 only when all of
// standard output was written. `out_of_memory` is the advice after std::bad_alloc.
//
// It prepares the process first. Closed standard descriptors are opened on /dev/null, so that no
// file gets their numbers. A lost reader of a pipe and the limit of file size become errors of
// write(). SIGHUP, SIGINT, SIGQUIT and SIGTERM remove unfinished files before they end the program.
[[nodiscard]] int run_main(const std::function<void()>& work, const char* out_of_memory);

}  // namespace octet
