// Where the results of a watch go that are files: JSON lines and pictures, each written by a thread
// of its own.
#pragma once

#include <optional>

#include "core/concurrency/background.h"
#include "live/options.h"
#include "live/sink/sinks.h"
#include "live/source/camera.h"

namespace octet {

class WatchSinks {
 public:
  // `complete`: every result counts, and writing may hold up the watch; else what is too much is
  // lost.
  WatchSinks(const LiveOptions& options, bool complete);

  // Takes the frame's picture where it is wanted.
  void give(const SharedResult& result, CameraFrame& frame);
  // The files are complete after this. Where every result counts, one that was lost is an Error.
  void finish();

 private:
  struct Drawing {
    Picture picture;
    SharedResult result;
    double seconds = 0;
  };

  bool complete_;
  double first_seconds_ = -1;
  std::optional<JsonLines> lines_file_;
  std::optional<Pictures> pictures_;
  std::optional<Background<SharedResult>> lines_;
  std::optional<Background<Drawing>> drawings_;  // the last members: they use the others
};

}  // namespace octet
