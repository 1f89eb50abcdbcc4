// Follows objects from frame to frame, in two steps as ByteTrack does (Zhang et al., 2022).
// Confident detections are matched first, then weak ones for the remaining objects. The box of each
// object moves in a Kalman filter of constant velocity, whose noise grows with the box (Wojke et
// al., "Simple online and realtime tracking with a deep association metric", 2017).
//
//   Tracker tracker;
//   tracker.update(detections, seconds, 0.25F);  // sets Detection::track
//   tracker.predict(later, out);                 // boxes of a frame without detection
#pragma once

#include <array>
#include <cstdint>
#include <vector>

#include "vision/detections.h"

namespace octet {

inline constexpr float kWeakConfidence = 0.1F;  // may still continue a track
inline constexpr double kTrackSecondsKept = 1;  // an object that is not seen is looked for so long

// A value of constant velocity: its position and its speed a second.
class ConstantVelocityFilter {
 public:
  ConstantVelocityFilter() = default;
  // `deviation`: standard deviation of the first position.
  ConstantVelocityFilter(double place, double deviation);
  // `jitter`: standard deviation of the error of one second's movement.
  void advance(double seconds, double jitter);
  void see(double place, double deviation);
  [[nodiscard]] double place() const { return place_; }

 private:
  double place_ = 0, speed_ = 0;
  double var_place_ = 0, covariance_ = 0, var_speed_ = 0;
};

class Tracker {
 public:
  // Updates the tracks with the detections of `time`, in seconds on any clock. Detections with a
  // confidence of `confident` or more may begin a track. Weak detections without a track are
  // removed, and the others get their track.
  void update(Detections& detections, double time, float confident);

  // Ends every track; numbers go on.
  void forget() { tracks_.clear(); }

  // Predicts the boxes of the current objects at `time`.
  void predict(double time, Detections& out);

  // The errors of the last update: the number of new and lost tracks, and the worst prediction as 1
  // − IoU.
  struct PredictionError {
    int began = 0, lost = 0;
    float worst_miss = 0;
  };
  [[nodiscard]] const PredictionError& surprise() const { return surprise_; }

 private:
  struct Track {
    int64_t id = 0;
    Detection last;
    std::vector<Keypoint> keypoints;  // as last seen, and the box they belong to
    PixelBox seen_at;
    std::array<ConstantVelocityFilter, 4> box;  // centre, width, height
    double seen = 0;                            // when
    bool matched = false;                       // in the update that goes on
    bool shown = false;                         // was matched in the last
    bool is_new = true;
  };
  void advance_to(double time);
  void match(Detections& detections, float least_confidence, float most_confidence,
             float least_iou);
  void see(Track& track, const Detections& detections, size_t item, double time);
  void begin(Detections& detections, double time, float confident);
  [[nodiscard]] static PixelBox box_of(const Track& track);

  // A pair of the same class that overlaps.
  struct Pair {
    float iou;
    size_t item, track;
  };
  void drop_tracks(double before);

  std::vector<Track> tracks_;
  std::vector<std::vector<Keypoint>> spare_;  // memory of tracks that ended
  std::vector<Pair> pairs_;                   // of match()
  std::vector<size_t> matches_;               // per detection: a track, or none
  double time_ = 0;
  int64_t next_id_ = 1;
  int keypoints_per_object_ = 0;
  PredictionError surprise_;
};

}  // namespace octet
