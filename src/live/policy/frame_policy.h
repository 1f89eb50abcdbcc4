// Which frames are worth a detection. Where nothing moves, what was found still stands; where
// objects move as expected, their tracks carry the boxes on.
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

// Learns what a camera sees when nothing moves: brightness in cells of 16 pixels.
class MotionGate {
 public:
  // `where`: outlines of what is watched, in shares of the picture; none: all of it.
  explicit MotionGate(std::vector<std::vector<Point>> where = {}) : where_(std::move(where)) {}

  // The cells that differ from the background, row by row counted.
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
  // Motion counts in the zones of `regions` that say so; everywhere, where none does.
  explicit FramePolicy(const FramePolicyOptions& options, const RegionSpec& regions = {})
      : options_(options), gate_(motion_outlines(regions)) {}

  // How many frames pass between two detections, kAutoSkip among them, and never fewer than
  // `least`. Tracks carry the boxes on, from now on also where the options had none.
  void set_skip(int frames, int least = 0);

  // What to do with this frame; for anything but kDetect, `out` becomes its detections.
  [[nodiscard]] FrameDecision look(const Picture& picture, double time, Detections& out);
  // After kDetect, with what was found: gives tracks, and takes out what is too weak.
  void found(Detections& detections, double time, float confidence);
  // For when another model takes over: the next frame is detected, and its objects are new.
  void forget_objects();
  // What a detection needs so that it is given to found(), where `confidence` is wanted in the end.
  [[nodiscard]] float least_confidence(float confidence) const {
    return options_.track ? std::min(confidence, kWeakConfidence) : confidence;
  }

 private:
  [[nodiscard]] FrameDecision choose(const Picture& picture, double time);
  [[nodiscard]] size_t unexplained_motion() const;

  FramePolicyOptions options_;
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
