// What ends FFmpeg's waiting for a stream: the wish to stop, nothing for too long, or a sender that
// takes too much memory with what FFmpeg does not bound itself. One thread.
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

  // A new wait begins.
  void begin();
  // Whether it has to end. FFmpeg asks again and again.
  [[nodiscard]] bool must_end();
  // Why it had to end.
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
