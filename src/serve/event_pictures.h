// A picture of every event in a zone or at a line: what was seen, drawn and written by a thread of
// its own. The oldest are removed, so that the folder does not grow for ever.
#pragma once

#include <deque>
#include <filesystem>

#include "core/concurrency/background.h"
#include "live/watch.h"
#include "serve/options.h"

namespace octet {

class EventPictures {
 public:
  // Makes the folder; counts the pictures that are there already among those to be kept.
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
