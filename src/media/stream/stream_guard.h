// Ends FFmpeg's waiting for a stream: at a request to stop, after a time without data, or when a
// sender takes too much memory that FFmpeg does not bound. One thread.
#pragma once

#include <atomic>
#include <chrono>
#include <cstdint>
#include <string>

namespace octet {

class StreamGuard {
 public:
  using Clock = std::chrono::steady_clock;

  StreamGuard(const std::atomic<bool>& stop, std::chrono::milliseconds patience);

  // Begins a new wait.
  void begin();
  // Whether the wait has to end. FFmpeg calls it repeatedly.
  [[nodiscard]] bool must_end();
  // The reason of the end.
  [[nodiscard]] std::string reason() const;

 private:
  const std::atomic<bool>& stop_;
  std::chrono::milliseconds patience_;
  Clock::time_point deadline_;
  Clock::time_point measured_;   // when memory was looked at
  int64_t resident_before_ = 0;  // bytes of the process in this wait; 0: not looked at yet
  bool too_large_ = false;
};

}  // namespace octet
