// A file through a detector: decoding, letterboxing, inference and what follows run at the same
// time, one thread a stage, joined by bounded queues. Frames live in a fixed set of slots that go
// round.
//
//   free ─▶ [read] ─▶ decoded ─▶ [submit] ─▶ running ─▶ [finish] ─▶ done ─▶ [pictures] ─▶ free
//
// For one file, processed completely, frame by frame; cameras are watched (live/watch.h). An error
// in any stage stops all of them and is thrown by run_live().
#pragma once

#include "detect/detector.h"
#include "live/options.h"
#include "live/source/source.h"
#include "live/summary.h"

namespace octet {

// Returns at the end of the source, after max_frames, or when stop_requested() becomes true.
[[nodiscard]] LiveSummary run_live(Detector& detector, Source& source, const LiveOptions& options);

}  // namespace octet
