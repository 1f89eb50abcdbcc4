// The last picture of each source, with what was found in it, for whoever shows one: after an event in
// a zone or at a line, and otherwise once a minute. Drawn by a thread of its own.
#pragma once

#include <functional>
#include <map>
#include <string>

#include "core/concurrency/background.h"
#include "live/watch.h"

namespace octet {

class LastPictures {
 public:
  // At most 1280 pixels wide and high.
  static constexpr int kMostPixels = 1280;
  // Least time between two pictures of a source: after an event, and without one.
  static constexpr std::chrono::seconds kAfterEvent{1}, kWithout{60};

  // `publish` is called by the thread that draws.
  using Publish = std::function<void(const std::string& source, std::string jpeg)>;
  explicit LastPictures(Publish publish);

  // Quick: called by the detection thread.
  void add(const SharedResult& result, const Picture& picture);

 private:
  struct Drawing {
    Picture picture;
    SharedResult result;
  };
  struct Last {
    Clock::time_point drawn = Clock::time_point::min();
    bool event = false;  // there was one since
  };
  void draw(const Drawing& drawing);

  Publish publish_;
  std::map<int64_t, Last> last_;  // by camera
  Background<Drawing> drawer_;    // the last member: it uses the others
};

}  // namespace octet
