// Runs a program to its end under limits. The program gets bytes as open files.
#pragma once

#include <chrono>
#include <cstddef>
#include <span>
#include <string>
#include <vector>

namespace octet {

inline constexpr int kFirstChildFile = 3;  // the descriptor of the first of them

struct ChildResult {
  enum class End { kExited, kSignalled, kTimedOut, kInterrupted } how = End::kExited;
  int code = 0;     // exit status, or the signal
  std::string out;  // the first 64 kB of its standard output
};

// `files` are the child's descriptors from kFirstChildFile on. Its standard error is discarded. The
// child is killed after `at_most`, and when stop_requested() becomes true. Throws an Error when it
// cannot be started.
[[nodiscard]] ChildResult run_child(const std::vector<std::string>& arguments,
                                    std::span<const std::span<const std::byte>> files,
                                    std::chrono::milliseconds at_most);

// From here on this process gets `signal` when the one that started it ends, in whatever way.
void end_with_parent(int signal);

}  // namespace octet
