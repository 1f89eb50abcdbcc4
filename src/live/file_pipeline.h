// Runs a file through a detector. Decoding, letterbox, inference and output run at the same time,
// one thread a stage, with bounded queues between them. Frames live in a fixed set of slots that
// are used again.
//
//   free ─▶ [read] ─▶ decoded ─▶ [submit] ─▶ running ─▶ [finish] ─▶ done ─▶ [pictures] ─▶ free
//
// For one file, processed completely, frame by frame. Cameras are watched (live/watch.h). An error
// in any stage stops all stages, and run_live() throws it.
#pragma once

#include "detect/detector.h"
#include "live/options.h"
#include "live/source/source.h"
#include "live/summary.h"

namespace octet {

// Returns at the end of the source, after max_frames, or when stop_requested() becomes true.
[[nodiscard]] LiveSummary run_live(Detector& detector, Source& source, const LiveOptions& options);

}  // namespace octet
