#include "live/track/tracker.h"

#include <algorithm>
#include <cmath>

#include "vision/box.h"

namespace octet {
namespace {

constexpr size_t kNone = static_cast<size_t>(-1);
constexpr float kLeastIou = 0.2F;  // of a confident detection and where its object should be
constexpr float kLeastIouOfWeak = 0.5F;
// Shares of the box's height, as in the paper, whose steps are frames of a thirtieth of a second.
constexpr double kPlaceDeviation = 1.0 / 20;
constexpr double kSpeedDeviation = 30.0 / 16;
constexpr double kJitter = 1.0;

std::array<double, 4> centre_form(const PixelBox& b) {
  return {(b.x1 + b.x2) / 2.0, (b.y1 + b.y2) / 2.0, double{b.x2} - b.x1, double{b.y2} - b.y1};
}

}  // namespace

ConstantVelocityFilter::ConstantVelocityFilter(double place, double deviation)
    : place_(place),
      var_place_(4 * deviation * deviation),
      var_speed_(std::pow(deviation / kPlaceDeviation * kSpeedDeviation, 2)) {}

void ConstantVelocityFilter::advance(double seconds, double jitter) {
  place_ += speed_ * seconds;
  var_place_ += 2 * seconds * covariance_ + seconds * seconds * var_speed_ +
                std::pow(jitter * seconds, 2) / 3;
  covariance_ += seconds * var_speed_ + jitter * jitter * seconds / 2;
  var_speed_ += jitter * jitter * seconds;
}

void ConstantVelocityFilter::see(double place, double deviation) {
  const double sum = var_place_ + deviation * deviation;
  if (sum <= 0) return;
  const double gain_place = var_place_ / sum;
  const double gain_speed = covariance_ / sum;
  const double miss = place - place_;
  place_ += gain_place * miss;
  speed_ += gain_speed * miss;
  var_speed_ -= gain_speed * covariance_;
  covariance_ *= 1 - gain_place;
  var_place_ *= 1 - gain_place;
}

PixelBox Tracker::box_of(const Track& track) {
  const auto at = [&](size_t i) { return track.box[i].place(); };
  const double w = std::max(1.0, at(2)) / 2;
  const double h = std::max(1.0, at(3)) / 2;
  return {static_cast<float>(at(0) - w), static_cast<float>(at(1) - h),
          static_cast<float>(at(0) + w), static_cast<float>(at(1) + h)};
}

void Tracker::advance_to(double time) {
  const double seconds = std::max(0.0, time - time_);
  time_ = time;
  for (Track& track : tracks_) {
    const double jitter = kJitter * std::max(1.0, track.box[3].place());
    for (ConstantVelocityFilter& value : track.box) value.advance(seconds, jitter);
  }
}

// Pairs of the same class, those that overlap most first.
void Tracker::match(Detections& detections, float least_confidence, float most_confidence,
                    float least_iou) {
  pairs_.clear();
  for (size_t i = 0; i < detections.items.size(); ++i) {
    const Detection& d = detections.items[i];
    if (matches_[i] != kNone || d.confidence < least_confidence || d.confidence >= most_confidence)
      continue;
    for (size_t t = 0; t < tracks_.size(); ++t) {
      if (tracks_[t].matched || tracks_[t].last.class_index != d.class_index) continue;
      const float iou = intersection_over_union(d.box, box_of(tracks_[t]));
      if (iou >= least_iou) pairs_.push_back({iou, i, t});
    }
  }
  std::sort(pairs_.begin(), pairs_.end(),
            [](const Pair& a, const Pair& b) { return a.iou > b.iou; });
  for (const Pair& p : pairs_) {
    if (matches_[p.item] != kNone || tracks_[p.track].matched) continue;
    matches_[p.item] = p.track;
    tracks_[p.track].matched = true;
    surprise_.worst_miss = std::max(surprise_.worst_miss, 1 - p.iou);
  }
}

void Tracker::see(Track& track, const Detections& detections, size_t item, double time) {
  const Detection& d = detections.items[item];
  const auto values = centre_form(d.box);
  const double deviation = kPlaceDeviation * std::max(1.0, values[3]);
  for (size_t k = 0; k < values.size(); ++k) {
    if (track.is_new) {
      track.box[k] = ConstantVelocityFilter(values[k], deviation);
    } else {
      track.box[k].see(values[k], deviation);
    }
  }
  track.is_new = false;
  track.last = d;
  track.seen = time;
  track.seen_at = d.box;
  const auto points = detections.keypoints_of(item);
  track.keypoints.assign(points.begin(), points.end());
}

void Tracker::begin(Detections& detections, double time, float confident) {
  for (size_t i = 0; i < detections.items.size(); ++i) {
    if (matches_[i] != kNone || detections.items[i].confidence < confident) continue;
    matches_[i] = tracks_.size();
    Track& track = tracks_.emplace_back();
    track.id = next_id_++;
    track.matched = true;
    if (!spare_.empty()) {
      track.keypoints = std::move(spare_.back());
      spare_.pop_back();
    }
    ++surprise_.began;
    see(track, detections, i, time);
  }
}

void Tracker::update(Detections& detections, double time, float confident) {
  advance_to(time);
  surprise_ = {};
  keypoints_per_object_ = detections.keypoints_per_object;
  matches_.assign(detections.items.size(), kNone);
  for (Track& track : tracks_) track.matched = false;
  match(detections, confident, 2, kLeastIou);
  match(detections, kWeakConfidence, confident, kLeastIouOfWeak);
  for (size_t i = 0; i < matches_.size(); ++i) {
    if (matches_[i] == kNone) continue;
    see(tracks_[matches_[i]], detections, i, time);
  }
  begin(detections, time, confident);
  const auto points = static_cast<size_t>(detections.keypoints_per_object);
  size_t kept = 0;
  for (size_t i = 0; i < detections.items.size(); ++i) {
    if (matches_[i] == kNone) continue;
    detections.items[kept] = detections.items[i];
    detections.items[kept].track = tracks_[matches_[i]].id;
    std::copy_n(detections.keypoints.begin() + static_cast<std::ptrdiff_t>(i * points), points,
                detections.keypoints.begin() + static_cast<std::ptrdiff_t>(kept * points));
    ++kept;
  }
  detections.items.resize(kept);
  detections.keypoints.resize(kept * points);
  for (Track& track : tracks_) {
    surprise_.lost += track.shown && !track.matched ? 1 : 0;
    track.shown = track.matched;
  }
  drop_tracks(time - kTrackSecondsKept);
}

// Those that were not seen since then; their memory is kept for tracks to come.
void Tracker::drop_tracks(double before) {
  spare_.reserve(spare_.size() + tracks_.size());
  for (Track& track : tracks_) {
    if (track.seen < before) spare_.push_back(std::move(track.keypoints));
  }
  std::erase_if(tracks_, [&](const Track& t) { return t.seen < before; });
}

void Tracker::predict(double time, Detections& out) {
  advance_to(time);
  out.clear();
  out.keypoints_per_object = keypoints_per_object_;
  for (const Track& track : tracks_) {
    if (!track.shown) continue;
    Detection d = track.last;
    d.box = box_of(track);
    d.track = track.id;
    out.items.push_back(d);
    for (const Keypoint& p : track.keypoints)
      out.keypoints.push_back(moved_with_box(p, track.seen_at, d.box));
  }
}

}  // namespace octet
