// DetectorOptions of the library's interface as octet's own.
#pragma once

#include <octet/detector.h>

#include <atomic>
#include <filesystem>
#include <functional>
#include <stop_token>

#include "detect/detector.h"

namespace octet::v0 {

// A stop token as the flag that octet's own code asks.
class StopFlag {
 public:
  explicit StopFlag(const std::stop_token& token) : on_stop_(token, [this] { flag_ = true; }) {}
  [[nodiscard]] const std::atomic<bool>& flag() const { return flag_; }

 private:
  std::atomic<bool> flag_ = false;
  std::stop_callback<std::function<void()>> on_stop_;
};

// `stop` has to outlive the construction of the Detector. Throws an Error of usage for a figure out
// of range, and an Error where the file has to be tried and the program that does it is missing.
[[nodiscard]] octet::DetectorOptions to_inner(const std::filesystem::path& model,
                                              const DetectorOptions& options, const StopFlag& stop);

}  // namespace octet::v0
