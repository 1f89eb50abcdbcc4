// A program that is run to its end under limits, with bytes that it gets as open files.
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
  std::string out;  // what it wrote on standard output, its first 64 kB
};

// `files` are the child's descriptors from kFirstChildFile on. What it writes on standard error is
// lost. It is killed when `at_most` is over, and when `stop` becomes true. Throws an Error when it
// cannot be started. Where this process ignores SIGCHLD, how the child ended is not known: kExited
// with kStatusUnknown.
[[nodiscard]] ChildResult run_child(const std::vector<std::string>& arguments,
                                    std::span<const std::span<const std::byte>> files,
                                    std::chrono::milliseconds at_most,
                                    const std::atomic<bool>& stop = stop_requested());

}  // namespace octet
