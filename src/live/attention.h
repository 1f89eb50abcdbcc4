// Which frames are worth a detection. Where nothing moves, what was found still stands; where
// objects move as expected, their tracks carry the boxes on.
#pragma once

#include <algorithm>
#include <vector>

#include "live/source.h"
#include "live/tracker.h"

namespace octet {

struct AttentionOptions {
  bool track = false;  // objects keep a number; needed for all below
  int skip = 0;        // frames between two detections; kAutoSkip: as many as the tracks allow
  bool motion_gate = false;  // no detection where nothing moves
  bool operator==(const AttentionOptions&) const = default;
};
inline constexpr int kAutoSkip = -1;

// Learns what a camera sees when nothing moves: brightness in cells of 16 pixels.
class MotionGate {
 public:
  // The cells that differ from the background, row by row counted.
  const std::vector<size_t>& look(const YuvView& picture);
  [[nodiscard]] PixelBox cell(size_t index) const;
  [[nodiscard]] size_t cells() const { return background_.size(); }

 private:
  std::vector<float> background_;
  Size size_;
  std::vector<size_t> moving_;
};

enum class Look { kDetect, kTrack, kStill };
[[nodiscard]] const char* look_name(Look look);

class Attention {
 public:
  explicit Attention(const AttentionOptions& options) : options_(options) {}

  // At least so many frames pass between two detections, whatever the options say.
  void set_least_skip(int frames) { least_skip_ = frames; }

  // What to do with this frame; for anything but kDetect, `out` becomes its detections.
  [[nodiscard]] Look look(const Picture& picture, double time, Detections& out);
  // After kDetect, with what was found: gives tracks, and takes out what is too weak.
  void found(Detections& detections, double time, float confidence);
  // What a detection needs so that it is given to found(), where `confidence` is wanted in the end.
  [[nodiscard]] float least_confidence(float confidence) const {
    return options_.track ? std::min(confidence, kWeakConfidence) : confidence;
  }

 private:
  [[nodiscard]] Look choose(const Picture& picture, double time);
  [[nodiscard]] size_t news() const;

  AttentionOptions options_;
  MotionGate gate_;
  Tracker tracker_;
  Detections last_, predicted_;
  std::vector<size_t> moving_;   // cells of the last frame
  std::vector<bool> explained_;  // cells that moved when the detector looked last
  double last_time_ = 0;         // of the last detection
  int since_ = -1;               // frames since then; −1: there was none
  int allowed_ = 0;              // frames that may be skipped now
  int least_skip_ = 0;
};

}  // namespace octet
