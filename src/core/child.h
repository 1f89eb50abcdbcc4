// Runs a program to its end under limits. The program gets bytes as open files.
#pragma once

#include <atomic>
#include <chrono>
#include <cstddef>
#include <span>
#include <string>
#include <vector>

#include "core/process.h"

namespace octet {

inline constexpr int kFirstChildFile = 3;  // the descriptor of the first of them

inline constexpr int kStatusUnknown = -1;

struct ChildResult {
  enum class End { kExited, kSignalled, kTimedOut, kInterrupted } how = End::kExited;
  int code = 0;     // exit status, kStatusUnknown, or the signal
  std::string out;  // the first 64 kB of its standard output
};

// `files` are the child's descriptors from kFirstChildFile on. Its standard error is discarded. The
// child is killed after `at_most`, and when `stop` becomes true. Throws an Error when it cannot be
// started. Where this process ignores SIGCHLD, the end of the child is not known: kExited with
// kStatusUnknown.
[[nodiscard]] ChildResult run_child(const std::vector<std::string>& arguments,
                                    std::span<const std::span<const std::byte>> files,
                                    std::chrono::milliseconds at_most,
                                    const std::atomic<bool>& stop = stop_requested());

// From here on this process gets `signal` when the one that started it ends, in whatever way.
void end_with_parent(int signal);

}  // namespace octet
