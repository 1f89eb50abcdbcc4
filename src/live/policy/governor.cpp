#include "live/policy/governor.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <utility>

namespace octet {
namespace {

constexpr int kSure = 2;  // seconds in a row in which a goal is missed
constexpr int kFirstPatience = 8, kLongestPatience = 300;
constexpr double kRoom = 0.9;        // of what is allowed may be used after a step back
constexpr double kLeastObject = 16;  // pixels, below which the network sees little
constexpr int kMostSkipped = 4;

std::vector<Governor::Step> make_ladder(size_t sizes) {
  std::vector<Governor::Step> ladder{{0, 0}};
  for (size_t size = 0; size < sizes; ++size) {
    if (size > 0) ladder.push_back({size, ladder.back().skip});
    ladder.push_back({size, std::min(ladder.back().skip + 1, kMostSkipped)});
  }
  while (ladder.back().skip < kMostSkipped)
    ladder.push_back({ladder.back().size, ladder.back().skip + 1});
  return ladder;
}

}  // namespace

Governor::Governor(const Goals& goals, std::vector<int> sides)
    : goals_(goals),
      sides_(std::move(sides)),
      ladder_(make_ladder(sides_.size())),
      patience_(kFirstPatience) {}

Governor::Goal Governor::missed(const LoadSample& s) const {
  if (goals_.cpu_share > 0 && s.cpu_share > goals_.cpu_share) return Goal::kCpu;
  if (goals_.age_ms > 0 && s.age_ms_p99 > goals_.age_ms) return Goal::kAge;
  if (goals_.target_fps > 0 && s.fps < 0.95 * goals_.target_fps) return Goal::kRate;
  return Goal::kNone;
}

std::string Governor::in_words(Goal missed, const LoadSample& s) const {
  switch (missed) {
    case Goal::kNone:
      return {};
    case Goal::kCpu:
      return fmt::format("{:.0f} % of the processor, {:.0f} % are allowed", 100 * s.cpu_share,
                         100 * goals_.cpu_share);
    case Goal::kAge:
      return fmt::format("results are {:.0f} ms old, {:.0f} are allowed", s.age_ms_p99,
                         goals_.age_ms);
    case Goal::kRate:
      return fmt::format("{:.1f} results a second, {:.1f} are wanted", s.fps, goals_.target_fps);
  }
  return {};
}

// Detections cost as the area of their input, and are fewer where frames are skipped.
double Governor::cost(size_t step) const {
  const double side = sides_[ladder_[step].size];
  return side * side / (ladder_[step].skip + 1);
}

// Whether the next dearer step should hold the goals. A camera gives no more than its own rate, so
// results a second show no room; the processor does.
bool Governor::roomy(const LoadSample& s) const {
  if (at_ == 0) return false;
  const double allowed = goals_.cpu_share > 0 ? goals_.cpu_share : 1;
  const double dearer = cost(at_ - 1) / cost(at_);
  return s.cpu_share * dearer < kRoom * allowed &&
         (goals_.age_ms <= 0 || s.age_ms_p99 * dearer < goals_.age_ms);
}

// Whether the smallest objects stay large enough.
bool Governor::fits(size_t step, const LoadSample& s) const {
  const size_t size = ladder_[step].size;
  if (size == ladder_[at_].size || s.smallest_object <= 0) return true;
  return s.smallest_object * sides_[size] / sides_[ladder_[at_].size] >= kLeastObject;
}

bool Governor::see(const LoadSample& s) {
  const Goal goal = missed(s);
  ++since_up_;
  missed_for_ = goal == Goal::kNone ? 0 : missed_for_ + 1;
  roomy_for_ = goal == Goal::kNone && roomy(s) ? roomy_for_ + 1 : 0;
  if (missed_for_ >= kSure) {
    size_t next = at_ + 1;
    while (next < ladder_.size() && !fits(next, s)) ++next;
    if (next >= ladder_.size()) return false;
    // It was too early to take more: longer before the next attempt.
    if (since_up_ < 2 * kFirstPatience) patience_ = std::min(2 * patience_, kLongestPatience);
    move_to(next, in_words(goal, s));
    return true;
  }
  if (roomy_for_ >= patience_) {
    since_up_ = 0;
    move_to(at_ - 1,
            fmt::format("{:.0f} % of the processor for {} s", 100 * s.cpu_share, patience_));
    return true;
  }
  return false;
}

void Governor::move_to(size_t step, const std::string& why) {
  at_ = step;
  missed_for_ = roomy_for_ = 0;
  reason_ = fmt::format("{}: input {}, {} frames skipped", why, sides_[ladder_[at_].size],
                        ladder_[at_].skip);
}

}  // namespace octet
