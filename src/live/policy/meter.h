// Collects the measurements of every second for a Governor. One thread.
#pragma once

#include <chrono>
#include <cstdint>
#include <optional>
#include <vector>

#include "core/size.h"
#include "live/policy/governor.h"
#include "live/source/source.h"
#include "vision/detections.h"

namespace octet {

class Meter {
 public:
  Meter();
  // Adds a result of a camera. `frame` is the size of its image, `input` that of the network's
  // input.
  void add(int64_t camera, double age_ms, const Detections& detections, Size frame, Size input);

  // Whether a second has passed since the last time.
  [[nodiscard]] bool is_due() const;
  // Returns the measurements since the last time, once a second has passed. `cameras`: those that
  // are up.
  [[nodiscard]] std::optional<LoadSample> end_second(const std::vector<int64_t>& cameras);

 private:
  Clock::time_point began_ = Clock::now();
  double cpu_ms_ = 0;  // of the process, when it began
  struct CameraResults {
    int64_t camera = 0;
    int results = 0;
  };
  [[nodiscard]] int results_of(int64_t camera) const;
  std::vector<CameraResults> results_;
  std::vector<double> ages_ms_, objects_px_;
};

}  // namespace octet
