// What tests of the service share.
#pragma once

#include <chrono>
#include <string>
#include <thread>

#include "detect/detector.h"
#include "live/source/source.h"
#include "testing/testing.h"

namespace octet {

inline const std::string kClip = OCTET_SOURCE_DIR "/samples/person.mp4";
inline const std::string kModel = OCTET_SOURCE_DIR "/tests/data/checkpoints/v8.4.190-detect3.pt";

inline DetectorOptions tiny() {
  return {.model = kModel, .size = SizeOption{.size = {64, 64}}, .source = Size{768, 432}};
}

template <typename Condition>
bool wait_until(Condition condition, std::chrono::seconds at_most = std::chrono::seconds(20)) {
  const auto deadline = Clock::now() + at_most;
  while (!condition()) {
    if (Clock::now() > deadline) return false;
    std::this_thread::sleep_for(std::chrono::milliseconds(10));
  }
  return true;
}

// A result as a camera would give it.
inline StreamResult result(int64_t frame) {
  return {.camera = "camera",
          .frame = frame,
          .class_names = std::make_shared<const std::vector<std::string>>()};
}

}  // namespace octet
