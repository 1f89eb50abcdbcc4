// The keypoints of the people of one camera, from frame to frame. A network finds those of one
// person at a time. Under a budget of time people take turns, and those who wait keep their last
// keypoints, which move with their box. So does everybody on a frame without detection.
#pragma once

#include <chrono>
#include <cstdint>
#include <functional>
#include <vector>

#include "detect/people.h"
#include "live/policy/frame_policy.h"
#include "live/pose/one_euro.h"
#include "vision/detections.h"

namespace octet {

struct PeopleOptions {
  int most = kUsualPeople;  // people of a frame; the others have no keypoints
  double budget_ms = 0;     // of a frame, for all people; one always has a turn. 0: no limit
  bool smooth = false;
  bool operator==(const PeopleOptions&) const = default;
};

class PersonPoses {
 public:
  using Milliseconds = std::chrono::duration<double, std::milli>;
  // Finds the keypoints of the person in this box of the frame. Returns the time that it took.
  using Find = std::function<Milliseconds(const PixelBox&, std::vector<Keypoint>&)>;

  struct Frame {
    double seconds = 0;  // its time, on any clock
    FrameDecision look = FrameDecision::kDetect;
    int person_class = 0;
    int keypoints = 0;  // of each person
  };
  // The people of a frame who were looked at, and those who had to go without.
  struct Tally {
    int looked = 0, skipped = 0;
  };

  // Sets the keypoints of the people in `detections`, whose objects have tracks.
  Tally update(Detections& detections, const Frame& frame, const PeopleOptions& options,
               const Find& find);

  // Call it when another network takes over, or when tracks are counted anew.
  void forget() { memories_.clear(); }

 private:
  struct PointFilter {
    OneEuroFilter x, y;
  };
  // What is known of a track.
  struct Memory {
    int64_t track = -1;
    double shown = 0;              // when it was among the detections last
    int64_t turn = 0;              // the number of its last turn; 0: it had none
    double looked = 0;             // when that was
    PixelBox box;                  // where it was then
    std::vector<Keypoint> points;  // as found then
    std::vector<PointFilter> filters;
  };
  struct Person {
    size_t rank = 0;    // among those of this frame, the most important first
    size_t item = 0;    // of the detections
    size_t memory = 0;  // of the memories
  };
  [[nodiscard]] size_t memory_of(int64_t track, double seconds);
  [[nodiscard]] bool may_rest(const Memory& memory, FrameDecision look) const;
  void drop_ended_tracks(double seconds);
  void look(Memory& memory, const PixelBox& box, double seconds, bool smooth);

  std::vector<Memory> memories_;
  std::vector<Memory> spare_;  // of tracks that ended, for those to come
  std::vector<size_t> chosen_;
  std::vector<Person> people_;
  std::vector<Keypoint> points_;  // of the person who is looked at
  int64_t turns_ = 0;
  double usual_ms_ = 0;  // of one person
  double updated_ = 0;   // when the last update was
  double moved_ = 0;     // when something may have moved last
};

}  // namespace octet
