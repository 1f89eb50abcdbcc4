// Decides on which frames detection runs. Where nothing moves, the last detections stand. Where
// objects move as predicted, their tracks give the boxes.
#pragma once

#include <algorithm>
#include <utility>
#include <vector>

#include "live/source/source.h"
#include "live/track/regions.h"
#include "live/track/tracker.h"

namespace octet {

struct FramePolicyOptions {
  bool track = false;        // objects keep a number
  bool motion_gate = false;  // no detection where nothing moves; needs tracks
  bool operator==(const FramePolicyOptions&) const = default;
};
inline constexpr int kAutoSkip = -1;  // as many frames as the tracks allow

// Learns the background of a camera: brightness in cells of 16 pixels.
class MotionGate {
 public:
  // `where`: outlines of the watched zones, as shares of the image; none: the whole image.
  explicit MotionGate(std::vector<std::vector<Point>> where = {}) : where_(std::move(where)) {}

  // Returns the cells that differ from the background, counted row by row.
  const std::vector<size_t>& look(const YuvView& picture);
  [[nodiscard]] PixelBox cell(size_t index) const;
  // What the last look() returned.
  [[nodiscard]] const std::vector<size_t>& moving() const { return moving_; }
  [[nodiscard]] size_t cells() const { return background_.size(); }

 private:
  void begin(Size picture);

  std::vector<std::vector<Point>> where_;
  std::vector<bool> watched_;
  std::vector<float> background_;
  Size size_;
  std::vector<size_t> moving_;
};

enum class FrameDecision { kDetect, kTrack, kStill };
[[nodiscard]] const char* decision_name(FrameDecision look);

class FramePolicy {
 public:
  // Motion counts in the zones of `regions` with `motion`. It counts everywhere when there are
  // none.
  explicit FramePolicy(const FramePolicyOptions& options, const RegionSpec& regions = {})
      : options_(options), gate_(motion_outlines(regions)) {}

  // Sets the number of frames between two detections, or kAutoSkip, and never fewer than `least`.
  // Tracks give the boxes of skipped frames. As long as frames are skipped, objects are followed even
  // where the options have no tracking.
  void set_skip(int frames, int least = 0) {
    skip_ = frames;
    least_skip_ = least;
  }
  // Whether objects are followed even where the options have no tracking.
  void require_tracks(bool required) { tracks_required_ = required; }

  // Decides about this frame. For every decision but kDetect, `out` gets its detections.
  [[nodiscard]] FrameDecision look(const Picture& picture, double time, Detections& out);
  // Call it after kDetect with the detections. It assigns tracks and removes weak detections.
  void found(Detections& detections, double time, float confidence);
  // Call it when another model takes over. Detection runs on the next frame, and its objects are
  // new.
  void forget_objects();
  // The lowest confidence of detections for found(), where `confidence` is the final threshold.
  [[nodiscard]] float least_confidence(float confidence) const {
    return tracks() ? std::min(confidence, kWeakConfidence) : confidence;
  }

 private:
  [[nodiscard]] bool tracks() const {
    return options_.track || tracks_required_ || skip_ != 0 || least_skip_ > 0;
  }
  [[nodiscard]] FrameDecision choose(const Picture& picture, double time);
  [[nodiscard]] size_t unexplained_motion() const;

  FramePolicyOptions options_;
  bool tracks_required_ = false;
  MotionGate gate_;
  Tracker tracker_;
  Detections last_, predicted_;
  std::vector<bool> explained_;  // cells that moved when the detector looked last
  double last_time_ = 0;         // of the last detection
  int since_ = -1;               // frames since then; −1: there was none
  int allowed_ = 0;              // frames that may be skipped now
  int skip_ = 0, least_skip_ = 0;
};

}  // namespace octet
