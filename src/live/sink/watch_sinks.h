// The files of a watch: JSON lines and images. Each has a thread of its own.
#pragma once

#include <optional>

#include "core/concurrency/background.h"
#include "live/options.h"
#include "live/sink/sinks.h"
#include "live/source/camera.h"

namespace octet {

class WatchSinks {
 public:
  // `complete`: every result is written, and writing may delay the watch. Otherwise results that do
  // not fit into the queue are dropped.
  WatchSinks(const LiveOptions& options, bool complete);

  // Moves the image out of the frame where a sink needs it.
  void give(const SharedResult& result, CameraFrame& frame);
  // Completes the files. With `complete` a lost result is an Error.
  void finish();

 private:
  struct Drawing {
    Picture picture;
    SharedResult result;
    double seconds = 0;
  };
  [[nodiscard]] double video_seconds(int64_t camera, double seconds);

  bool complete_;
  int64_t camera_ = -1;      // of the last drawing
  double zero_ = 0;          // its time at which the video would begin
  double last_seconds_ = 0;  // of the last drawing, in the video
  std::optional<JsonLines> lines_file_;
  std::optional<Pictures> pictures_;
  std::optional<Background<SharedResult>> lines_;
  std::optional<Background<Drawing>> drawings_;  // the last members: they use the others
};

}  // namespace octet
