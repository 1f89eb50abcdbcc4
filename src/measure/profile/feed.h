// The frames of a profile, and the place that results go to.
#pragma once

#include <chrono>
#include <cstdint>
#include <optional>
#include <vector>

#include "detect/detector.h"

namespace octet {

class FrameFeed {
 public:
  virtual ~FrameFeed() = default;
  // The size of frames; empty: the input's square is as good as any.
  [[nodiscard]] virtual std::optional<Size> size() const = 0;
  // Whether next() decodes and tell() writes.
  [[nodiscard]] virtual bool has_ends() const = 0;
  // Gets a new frame. Returns the time that its decoding took.
  virtual std::chrono::duration<double, std::milli> next() = 0;
  virtual void submit(Job& job) = 0;                    // gives it to a job
  virtual void tell(const Detections& detections) = 0;  // its result
};

// One frame of noise. There is nothing to decode, and nothing reads the results.
class NoiseFeed : public FrameFeed {
 public:
  NoiseFeed();
  [[nodiscard]] std::optional<Size> size() const override { return std::nullopt; }
  [[nodiscard]] bool has_ends() const override { return false; }
  std::chrono::duration<double, std::milli> next() override { return {}; }
  void submit(Job& job) override;
  void tell(const Detections&) override {}

 private:
  std::vector<uint8_t> pixels_;
};

}  // namespace octet
