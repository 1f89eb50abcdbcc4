#include "live/policy/frame_policy.h"

#include <algorithm>
#include <cmath>

#include "vision/box.h"

namespace octet {
namespace {

constexpr int kCell = 16;            // pixels
constexpr int kEvery = 2;            // of which every second row and column is read
constexpr float kDiffers = 5;        // of 255, between a cell's mean and its background
constexpr float kLearns = 0.02F;     // share of the difference a frame
constexpr size_t kLeastMoving = 2;   // cells
constexpr size_t kLeastNews = 12;    // cells that no object covers
constexpr double kLongestStill = 2;  // seconds; the light may have changed slowly
constexpr double kLongestSkip = 0.5;
constexpr int kMostSkipped = 10;
constexpr float kGoodMiss = 0.35F, kBadMiss = 0.6F;  // 1 − IoU of the worst prediction
constexpr float kMargin =
    0.25F;  // a box may move by so much of itself without being unexplained_motion

float mean_of_cell(const uint8_t* luma, std::ptrdiff_t stride) {
  int sum = 0;
  for (int y = 0; y < kCell; y += kEvery)
    for (int x = 0; x < kCell; x += kEvery) sum += luma[y * stride + x];
  return static_cast<float>(sum) * (kEvery * kEvery) / (kCell * kCell);
}

bool covers(const Detections& detections, const PixelBox& cell) {
  const float x = (cell.x1 + cell.x2) / 2, y = (cell.y1 + cell.y2) / 2;
  return std::any_of(detections.items.begin(), detections.items.end(), [&](const Detection& d) {
    const float mx = kMargin * (d.box.x2 - d.box.x1) + kCell;
    const float my = kMargin * (d.box.y2 - d.box.y1) + kCell;
    return x > d.box.x1 - mx && x < d.box.x2 + mx && y > d.box.y1 - my && y < d.box.y2 + my;
  });
}

}  // namespace

const char* decision_name(FrameDecision look) {
  switch (look) {
    case FrameDecision::kDetect:
      return "detector";
    case FrameDecision::kTrack:
      return "tracks";
    case FrameDecision::kStill:
      return "nothing moved";
  }
  return "?";
}

PixelBox MotionGate::cell(size_t index) const {
  const auto columns = static_cast<size_t>(size_.width / kCell);
  const size_t row = index / columns;
  const auto x = static_cast<float>(index % columns * kCell);
  const auto y = static_cast<float>(row * kCell);
  return {x, y, x + kCell, y + kCell};
}

void MotionGate::begin(Size picture) {
  size_ = picture;
  moving_.reserve(static_cast<size_t>(picture.width / kCell) * (picture.height / kCell));
  background_.assign(static_cast<size_t>(picture.width / kCell) * (picture.height / kCell), 0);
  watched_.assign(background_.size(), where_.empty());
  for (size_t i = 0; i < watched_.size(); ++i) {
    const PixelBox box = cell(i);
    const Point middle{(box.x1 + box.x2) / 2 / static_cast<float>(picture.width),
                       (box.y1 + box.y2) / 2 / static_cast<float>(picture.height)};
    for (const auto& outline : where_) watched_[i] = watched_[i] || contains(outline, middle);
  }
}

const std::vector<size_t>& MotionGate::look(const YuvView& picture) {
  const int columns = picture.size.width / kCell, rows = picture.size.height / kCell;
  const bool fresh = size_ != picture.size;
  if (fresh) begin(picture.size);
  moving_.clear();
  for (int row = 0; row < rows; ++row) {
    for (int column = 0; column < columns; ++column) {
      const size_t index = static_cast<size_t>(row) * columns + column;
      if (!watched_[index]) continue;
      const int x = column * kCell, y = row * kCell;
      const float now = mean_of_cell(picture.planes[0] + y * picture.strides_bytes[0] + x,
                                     picture.strides_bytes[0]);
      float& background = background_[index];
      if (fresh) background = now;
      if (std::abs(now - background) > kDiffers) moving_.push_back(index);
      background += kLearns * (now - background);
    }
  }
  return moving_;
}

// Cells that move now, did not when the detector looked, and lie outside the objects.
size_t FramePolicy::unexplained_motion() const {
  return static_cast<size_t>(std::count_if(
      gate_.moving().begin(), gate_.moving().end(),
      [&](size_t i) { return !explained_[i] && !covers(predicted_, gate_.cell(i)); }));
}

FrameDecision FramePolicy::choose(const Picture& picture, double time) {
  if (!tracks() || since_ < 0) return FrameDecision::kDetect;
  const bool auto_skip = skip_ == kAutoSkip;
  const double passed = time - last_time_;
  if ((options_.motion_gate || auto_skip) && picture.is_video) {
    const std::vector<size_t>& moving = gate_.look(picture.video.yuv());
    explained_.resize(gate_.cells());
    if (options_.motion_gate && moving.size() < kLeastMoving && passed < kLongestStill)
      return FrameDecision::kStill;
    if (auto_skip && unexplained_motion() >= kLeastNews) return FrameDecision::kDetect;
  }
  const int allowed = std::max(least_skip_, auto_skip ? allowed_ : skip_);
  return since_ < allowed && passed < kLongestSkip ? FrameDecision::kTrack : FrameDecision::kDetect;
}

FrameDecision FramePolicy::look(const Picture& picture, double time, Detections& out) {
  if (tracks() && since_ >= 0) tracker_.predict(time, predicted_);
  const FrameDecision look = choose(picture, time);
  if (look == FrameDecision::kTrack) out = predicted_;
  if (look == FrameDecision::kStill) out = last_;
  if (look != FrameDecision::kDetect) ++since_;
  return look;
}

void FramePolicy::found(Detections& detections, double time, float confidence) {
  if (!tracks()) {
    if (since_ >= 0) forget_objects();  // nobody follows them any longer
    return;
  }
  tracker_.update(detections, time, confidence);
  const Tracker::PredictionError& s = tracker_.surprise();
  if (s.began > 0 || s.lost > 0 || s.worst_miss > kBadMiss) {
    allowed_ /= 2;
  } else if (s.worst_miss < kGoodMiss) {
    allowed_ = std::min(allowed_ + 1, kMostSkipped);
  }
  explained_.assign(gate_.cells(), false);
  for (const size_t i : gate_.moving()) explained_[i] = true;
  last_ = detections;
  last_time_ = time;
  since_ = 0;
}

void FramePolicy::forget_objects() {
  tracker_.forget();
  last_ = {};
  predicted_ = {};
  since_ = -1;
  allowed_ = 0;
}

}  // namespace octet
