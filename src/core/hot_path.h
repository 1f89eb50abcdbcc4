// Marks the code that allocates nothing once it runs: what octet's own threads do from one frame to
// the next. A HotPath is open while such code runs; a ForeignCall inside it leaves out a call of an
// engine, of FFmpeg or of a sink. The marks cost two additions, and change nothing: a test that
// counts allocations asks is_hot_path() (live/hot_path_test.cpp).
#pragma once

#include <utility>

namespace octet {

namespace detail {
inline thread_local int hot_paths = 0;  // that are open on this thread
}  // namespace detail

[[nodiscard]] inline bool is_hot_path() { return detail::hot_paths > 0; }

class HotPath {
 public:
  HotPath() { ++detail::hot_paths; }
  ~HotPath() { --detail::hot_paths; }
  HotPath(const HotPath&) = delete;
  HotPath& operator=(const HotPath&) = delete;
};

class ForeignCall {
 public:
  ForeignCall() : open_(std::exchange(detail::hot_paths, 0)) {}
  ~ForeignCall() { detail::hot_paths = open_; }
  ForeignCall(const ForeignCall&) = delete;
  ForeignCall& operator=(const ForeignCall&) = delete;

 private:
  int open_;
};

}  // namespace octet
