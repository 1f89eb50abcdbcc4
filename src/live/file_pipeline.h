// A file through a detector: decoding, letterboxing, inference and what follows run at the same
// time, one thread a stage, joined by bounded queues. Frames live in a fixed set of slots that go
// round.
//
//   free ─▶ [read] ─▶ decoded ─▶ [submit] ─▶ running ─▶ [finish] ─▶ done ─▶ [pictures] ─▶ free
//
// For one file, processed completely, frame by frame; cameras are watched (live/watch.h). An error
// in any stage stops all of them and is thrown by run_live().
#pragma once

#include <cstdint>
#include <filesystem>

#include "detect/detector.h"
#include "live/sink/sinks.h"
#include "live/source/source.h"

namespace octet {

struct LiveOptions {
  DecodeOptions decode;
  int64_t max_frames = 0;  // 0: all
  RecordingOptions save;
  std::filesystem::path snapshot;  // empty: not wanted
  JsonLinesOptions jsonl;
};

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
  bool interrupted = false;
};

// Returns at the end of the source, after max_frames, or when stop_requested() becomes true.
[[nodiscard]] LiveSummary run_live(Detector& detector, Source& source, const LiveOptions& options);

}  // namespace octet
