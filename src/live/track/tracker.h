// Follows objects from frame to frame, in two steps as ByteTrack does (Zhang et al., 2022):
// confident detections first, then weak ones for the objects that are still without. Each object's
// box moves in a Kalman filter of constant velocity, whose noise grows with the box (Wojke et al.,
// "Simple online and realtime tracking with a deep association metric", 2017).
#pragma once

#include <array>
#include <cstdint>
#include <vector>

#include "vision/detections.h"

namespace octet {

inline constexpr float kWeakConfidence = 0.1F;  // may still continue a track

// A value that moves evenly: its place and its speed a second.
class ConstantVelocityFilter {
 public:
  ConstantVelocityFilter() = default;
  // `deviation`: of the first place.
  ConstantVelocityFilter(double place, double deviation);
  // `jitter`: how far, as a standard deviation, a second's even movement may miss.
  void advance(double seconds, double jitter);
  void see(double place, double deviation);
  [[nodiscard]] double place() const { return place_; }

 private:
  double place_ = 0, speed_ = 0;
  double var_place_ = 0, covariance_ = 0, var_speed_ = 0;
};

class Tracker {
 public:
  // What was found at that time, in seconds on any clock. Detections from `confident` on may begin
  // a track. Takes out what is weak and continues nothing; gives the others their track.
  void update(Detections& detections, double time, float confident);

  // Ends every track; numbers go on.
  void forget() { tracks_.clear(); }

  // Where the objects that were seen last should be at that time.
  void predict(double time, Detections& out);

  // Of the last update: how many tracks began or were lost, and by how much the worst prediction
  // missed, as 1 − IoU.
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
