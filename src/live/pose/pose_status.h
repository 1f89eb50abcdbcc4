// Figures of the network that finds keypoints of people.
#pragma once

#include <cstdint>
#include <nlohmann/json_fwd.hpp>
#include <string>

#include "core/numeric/duration_histogram.h"

namespace octet {

struct PoseStatus {
  std::string network;     // the name of its file
  int64_t frames = 0;      // results since it is in use
  int64_t people = 0;      // that it looked at, in all of them
  int64_t skipped = 0;     // that had to go without: too many, or no time
  DurationHistogram time;  // of one person, from the crop to the keypoints

  [[nodiscard]] double people_per_frame() const {
    return frames > 0 ? static_cast<double>(people) / static_cast<double>(frames) : 0;
  }
};

// {"network","people_per_frame","ms_p50","skipped"}
[[nodiscard]] nlohmann::ordered_json to_json(const PoseStatus& status);

}  // namespace octet
