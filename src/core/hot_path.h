// Marks code that must not allocate in steady state: the work of octet's own threads from one frame
// to the next. A HotPath object marks such code. A ForeignCall inside it excludes a call of an
// engine, of FFmpeg or of a sink. The marks cost two additions and have no effect. A test that
// counts allocations asks is_hot_path() (live/hot_path_test.cpp).
#pragma once

#include <utility>

namespace octet {

namespace detail {
inline thread_local int hot_paths = 0;  // open HotPath objects of this thread
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
