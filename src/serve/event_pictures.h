// Writes an annotated image of every event in a zone or at a line, on a thread of its own. The
// oldest images are removed, so that the folder does not grow without end.
#pragma once

#include <deque>
#include <filesystem>

#include "core/concurrency/background.h"
#include "live/watch.h"
#include "serve/options.h"

namespace octet {

class EventPictures {
 public:
  // Creates the folder. Existing images count for the limit.
  explicit EventPictures(const EventOptions& options);

  // Quick: called by the detection thread. One picture for all events of a result:
  // 20261125-061500.250-CAMERA-REGION-EVENT.jpg, in UTC.
  void add(const SharedResult& result, const Picture& picture);

 private:
  struct Drawing {
    Picture picture;
    SharedResult result;
  };
  void write(const Drawing& drawing);

  EventOptions options_;
  std::deque<std::filesystem::path> pictures_;  // the oldest first
  Background<Drawing> writer_;                  // the last member: it uses the others
};

}  // namespace octet
