#include "live/track/regions.h"

#include <algorithm>
#include <cmath>
#include <set>
#include <utility>

namespace octet {
namespace {

constexpr int kSure = 3;            // frames in a row until an object is in a zone, or out of it
constexpr float kClear = 0.01F;     // distance from a line, in pictures, at which its side is clear
constexpr double kForgotten = 2.0;  // seconds

bool is_asked_for(const std::vector<std::string>& classes, const std::string& name) {
  return classes.empty() || std::find(classes.begin(), classes.end(), name) != classes.end();
}

void add_unknown(const std::vector<std::string>& asked, const std::vector<std::string>& names,
                 std::set<std::string>& unknown) {
  for (const std::string& name : asked)
    if (std::find(names.begin(), names.end(), name) == names.end()) unknown.insert(name);
}

// Twice the area of the triangle; above 0 where `p` is to the right of the way from `a` to `b` (y
// grows downwards).
float turn(Point a, Point b, Point p) {
  return (b.x - a.x) * (p.y - a.y) - (b.y - a.y) * (p.x - a.x);
}

float distance(const Line& line, Point p) {
  const float length = std::hypot(line.to.x - line.from.x, line.to.y - line.from.y);
  return length > 0 ? turn(line.from, line.to, p) / length : 0;
}

// Whether the way from `a` to `b`, which lie on both sides of the line, passes between its ends.
bool passes(const Line& line, Point a, Point b) {
  return (turn(a, b, line.from) > 0) != (turn(a, b, line.to) > 0);
}

}  // namespace

std::vector<std::string> unknown_classes(const RegionSpec& spec,
                                         const std::vector<std::string>& names) {
  std::set<std::string> unknown;
  for (const Zone& zone : spec.zones) add_unknown(zone.classes, names, unknown);
  for (const Line& line : spec.lines) add_unknown(line.classes, names, unknown);
  return {unknown.begin(), unknown.end()};
}

// A ray to the right crosses the outline an odd number of times.
bool contains(const std::vector<Point>& corners, Point point) {
  bool inside = false;
  for (size_t i = 0, j = corners.size() - 1; i < corners.size(); j = i++) {
    const Point a = corners[i], b = corners[j];
    if ((a.y > point.y) == (b.y > point.y)) continue;
    if (point.x < (b.x - a.x) * (point.y - a.y) / (b.y - a.y) + a.x) inside = !inside;
  }
  return inside;
}

std::vector<std::vector<Point>> motion_outlines(const RegionSpec& spec) {
  std::vector<std::vector<Point>> out;
  for (const Zone& zone : spec.zones) {
    if (zone.motion) out.push_back(zone.corners);
  }
  return out;
}

const char* event_name(RegionEvent::Kind kind) {
  switch (kind) {
    case RegionEvent::Kind::kEntered:
      return "entered";
    case RegionEvent::Kind::kLeft:
      return "left";
    case RegionEvent::Kind::kToRight:
      return "to_right";
    case RegionEvent::Kind::kToLeft:
      return "to_left";
  }
  return "?";
}

Regions::Regions(RegionSpec spec) : spec_(std::move(spec)) {
  counts_.zones.resize(spec_.zones.size());
  counts_.lines.resize(spec_.lines.size());
}

const std::vector<RegionEvent>& Regions::update(const Detections& detections,
                                                const std::vector<std::string>& class_names,
                                                Size picture, double time) {
  events_.clear();
  if (spec_.empty()) return events_;
  for (const Detection& d : detections.items) {
    if (d.track < 0) continue;
    Object& object = object_of(d.track);
    const auto index = static_cast<size_t>(d.class_index);
    object.class_name = index < class_names.size() ? class_names[index] : "";
    object.place = {(d.box.x1 + d.box.x2) / 2 / static_cast<float>(picture.width),
                    d.box.y2 / static_cast<float>(picture.height)};
    object.seen = time;
    look_at_zones(d.track, object);
    look_at_lines(d.track, object);
  }
  forget(time - kForgotten);
  return events_;
}

void Regions::look_at_zones(int64_t track, Object& object) {
  for (size_t i = 0; i < spec_.zones.size(); ++i) {
    const Zone& zone = spec_.zones[i];
    Presence& presence = object.zones[i];
    const bool inside =
        is_asked_for(zone.classes, object.class_name) && contains(zone.corners, object.place);
    presence.against = inside == presence.inside ? 0 : presence.against + 1;
    if (presence.against < kSure) continue;
    presence = {.inside = inside};
    counts_.zones[i].inside += inside ? 1 : -1;
    counts_.zones[i].entered += inside ? 1 : 0;
    report(inside ? RegionEvent::Kind::kEntered : RegionEvent::Kind::kLeft, zone.name, track,
           object);
  }
}

// A side counts from a small distance on, so that who stands on the line crosses it once.
void Regions::look_at_lines(int64_t track, Object& object) {
  for (size_t i = 0; i < spec_.lines.size(); ++i) {
    const Line& line = spec_.lines[i];
    const float d = distance(line, object.place);
    if (std::abs(d) < kClear) continue;
    const int side = d > 0 ? 1 : -1;
    const int before = std::exchange(object.sides[i], side);
    const Point from = std::exchange(object.there[i], object.place);
    if (before == 0 || before == side || !is_asked_for(line.classes, object.class_name) ||
        !passes(line, from, object.place))
      continue;
    ++(side > 0 ? counts_.lines[i].to_right : counts_.lines[i].to_left);
    report(side > 0 ? RegionEvent::Kind::kToRight : RegionEvent::Kind::kToLeft, line.name, track,
           object);
  }
}

// The one that is known, or a new one in memory that is used again.
Regions::Object& Regions::object_of(int64_t track) {
  const auto known = objects_.find(track);
  if (known != objects_.end()) return known->second;
  if (!spare_.empty()) {
    Objects::node_type node = std::move(spare_.back());
    spare_.pop_back();
    node.key() = track;
    objects_.insert(std::move(node));
  } else {
    const size_t objects = objects_.size() + 1;  // more than ever before
    spare_.reserve(objects);
    events_.reserve(objects * (spec_.zones.size() + spec_.lines.size()));
  }
  Object& object = objects_[track];
  object.zones.assign(spec_.zones.size(), {});
  object.sides.assign(spec_.lines.size(), 0);
  object.there.assign(spec_.lines.size(), {});
  return object;
}

void Regions::forget(double before) {
  for (auto at = objects_.begin(); at != objects_.end();) {
    if (at->second.seen >= before) {
      ++at;
      continue;
    }
    for (size_t i = 0; i < spec_.zones.size(); ++i) {
      if (!at->second.zones[i].inside) continue;
      --counts_.zones[i].inside;
      report(RegionEvent::Kind::kLeft, spec_.zones[i].name, at->first, at->second);
    }
    spare_.push_back(objects_.extract(at++));
  }
}

void Regions::report(RegionEvent::Kind kind, const std::string& region, int64_t track,
                     const Object& object) {
  events_.push_back(
      {.kind = kind, .region = region, .class_name = object.class_name, .track = track});
}

}  // namespace octet
