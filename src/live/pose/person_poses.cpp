#include "live/pose/person_poses.h"

#include <algorithm>
#include <utility>

#include "live/track/tracker.h"
#include "vision/box.h"

namespace octet {
namespace {

constexpr double kNewest = 0.2;     // share of the newest time in the usual one
constexpr double kLongestGap = 10;  // seconds between frames; whoever comes later is another

}  // namespace

PersonPoses::Tally PersonPoses::update(Detections& detections, const Frame& frame,
                                       const PeopleOptions& options, const Find& find) {
  drop_ended_tracks(frame.seconds);
  updated_ = frame.seconds;
  if (frame.look != FrameDecision::kStill) moved_ = frame.seconds;
  const size_t all = choose_people(detections, frame.person_class, options.most, chosen_);
  Tally tally{.skipped = static_cast<int>(all - chosen_.size())};
  people_.clear();
  for (const size_t item : chosen_)
    people_.push_back(
        {people_.size(), item, memory_of(detections.items[item].track, frame.seconds)});
  // Those whose turn is longest ago come first, and before them those who had none.
  std::sort(people_.begin(), people_.end(), [&](const Person& a, const Person& b) {
    const int64_t a_turn = memories_[a.memory].turn, b_turn = memories_[b.memory].turn;
    return a_turn != b_turn ? a_turn < b_turn : a.rank < b.rank;
  });
  double spent_ms = 0;
  for (const Person& person : people_) {
    Memory& memory = memories_[person.memory];
    if (may_rest(memory, frame.look)) continue;
    if (options.budget_ms > 0 && tally.looked > 0 && spent_ms + usual_ms_ > options.budget_ms) {
      ++tally.skipped;
      continue;
    }
    const PixelBox& box = detections.items[person.item].box;
    const double ms = find(box, points_).count();
    usual_ms_ += (usual_ms_ > 0 ? kNewest : 1) * (ms - usual_ms_);
    spent_ms += ms;
    ++tally.looked;
    look(memory, box, frame.seconds, options.smooth);
  }
  detections.reset_keypoints(frame.keypoints);
  for (const Person& person : people_) {
    const Memory& memory = memories_[person.memory];
    if (memory.turn == 0) continue;
    points_.clear();
    for (const Keypoint& p : memory.points)
      points_.push_back(moved_with_box(p, memory.box, detections.items[person.item].box));
    detections.set_keypoints(person.item, points_);
  }
  return tally;
}

// Whether the keypoints of a person do without another look. Skipped detections save looks as well:
// the box of a track is a prediction.
bool PersonPoses::may_rest(const Memory& memory, FrameDecision look) const {
  if (memory.turn == 0) return false;
  return look == FrameDecision::kTrack ||
         (look == FrameDecision::kStill && memory.looked >= moved_);
}

// Keeps the points that were found.
void PersonPoses::look(Memory& memory, const PixelBox& box, double seconds, bool smooth) {
  if (smooth) {
    memory.filters.resize(points_.size());
    const double step = seconds - memory.looked;
    const double unit = std::max(1.0F, box.y2 - box.y1);
    for (size_t i = 0; i < points_.size(); ++i) {
      Keypoint& p = points_[i];
      p.x = static_cast<float>(memory.filters[i].x.see(p.x, step, unit, {}));
      p.y = static_cast<float>(memory.filters[i].y.see(p.y, step, unit, {}));
    }
  } else {
    memory.filters.clear();
  }
  memory.points.assign(points_.begin(), points_.end());
  memory.box = box;
  memory.looked = seconds;
  memory.turn = ++turns_;
}

size_t PersonPoses::memory_of(int64_t track, double seconds) {
  auto at = std::find_if(memories_.begin(), memories_.end(),
                         [&](const Memory& m) { return m.track == track; });
  if (at == memories_.end()) {
    memories_.emplace_back();
    if (!spare_.empty()) {
      memories_.back() = std::move(spare_.back());
      spare_.pop_back();
    }
    at = std::prev(memories_.end());
    at->track = track;
    at->turn = 0;
    at->filters.clear();
  }
  at->shown = seconds;
  return static_cast<size_t>(at - memories_.begin());
}

// Those that the last update lacked as well: frames may come more rarely than a track is kept. Their
// memory is kept for tracks to come.
void PersonPoses::drop_ended_tracks(double seconds) {
  const double least =
      std::max(std::min(seconds - kTrackSecondsKept, updated_), seconds - kLongestGap);
  const auto is_over = [&](const Memory& m) { return m.shown < least; };
  spare_.reserve(spare_.size() + memories_.size());
  for (Memory& memory : memories_) {
    if (is_over(memory)) spare_.push_back(std::move(memory));  // which leaves the time
  }
  std::erase_if(memories_, is_over);
}

}  // namespace octet
