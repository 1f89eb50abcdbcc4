// Keeps the pictures of a site that teach most, with their detections as labels, in the layout of
// Ultralytics:
//
//   FOLDER/data.yaml  FOLDER/images/000001-CAMERA-REASON.jpg  FOLDER/labels/000001-CAMERA-REASON.txt
//
// Names are counted, since the clock of a small board may be wrong. A thread of its own writes.
#pragma once

#include <chrono>
#include <deque>
#include <map>
#include <string>

#include "core/concurrency/background.h"
#include "live/watch.h"
#include "serve/options.h"

namespace octet {

// Why a picture is kept: a detection is uncertain, a certain object was lost, the site changed, or
// none of these for an hour. kNone: it is not.
enum class CollectReason { kNone, kUncertain, kLost, kChanged, kUsual };
[[nodiscard]] const char* reason_name(CollectReason reason);

// Decides which pictures of one camera are kept. Pure logic, one thread.
class CollectPolicy {
 public:
  // `seconds`: on any clock. `changed`: the site looks other than usual.
  [[nodiscard]] CollectReason look(const Detections& detections, bool changed, double seconds);

 private:
  double last_ = -1e9;  // when a picture was kept
  int certain_ = 0;     // objects in the frame before
};

// The labels of a picture: "class x y width height [x y visibility …]" a line, as shares of it.
[[nodiscard]] std::string label_text(const Detections& detections, Size picture);

class Collector {
 public:
  // Creates the folders. Pictures that are there count for the limits.
  explicit Collector(const CollectOptions& options);

  // Quick: called by the detection thread.
  void add(const SharedResult& result, const Picture& picture, bool changed);

 private:
  struct Kept {
    Picture picture;
    SharedResult result;
    CollectReason reason = CollectReason::kUsual;
  };
  [[nodiscard]] bool within_day();
  void write(const Kept& kept);
  void describe(const StreamResult& result) const;

  CollectOptions options_;
  std::map<int64_t, CollectPolicy> policies_;  // by camera
  Clock::time_point day_began_ = Clock::now();
  int today_ = 0;                  // pictures
  std::deque<std::string> names_;  // of those that are kept, the oldest first
  int64_t number_ = 0;             // of the newest
  Background<Kept> writer_;        // the last member: it uses the others
};

}  // namespace octet
