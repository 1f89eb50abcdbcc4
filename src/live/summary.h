// The summary of a run of live video.
#pragma once

#include <cstdint>
#include <string>

namespace octet {

struct LiveSummary {
  int64_t frames = 0;    // decoded
  int64_t detected = 0;  // inferred
  int64_t dropped = 0;
  double fps = 0;  // detected ÷ the time from the first result to the last
  double frame_ms_p50 = 0, frame_ms_p99 = 0;  // from one result to the next
  double age_ms_p50 = 0, age_ms_p99 = 0;      // from a frame's arrival to its result
  double first_result_ms = 0;                 // from the start of the process
  double rss_mb = 0;                          // peak
  double cpu_ms_per_frame = 0;
  double cpu_percent = 0;  // of all cores, from the first result to the last
  bool interrupted = false;
  std::string cut_short;  // a sentence when a part of the file is missing; else empty
};

}  // namespace octet
