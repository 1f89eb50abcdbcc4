// Zones and lines in the image of a camera. It tells which objects are in a zone, and counts the
// objects that cross a line. An object stands at the middle of the lower edge of its box. Points
// are shares of width and height, so that they hold when the camera changes its resolution. One
// thread.
#pragma once

#include <cstdint>
#include <map>
#include <memory>
#include <string>
#include <vector>

#include "core/size.h"
#include "vision/detections.h"

namespace octet {

struct Point {
  float x = 0, y = 0;
  bool operator==(const Point&) const = default;
};

struct Zone {
  std::string name;
  std::vector<Point> corners;        // three or more
  std::vector<std::string> classes;  // classes that count; empty: all
  bool motion = false;               // the motion gate only watches such zones, if there are any
  bool hide = false;                 // black in collected images
  bool operator==(const Zone&) const = default;
};

struct Line {
  std::string name;
  Point from, to;
  std::vector<std::string> classes;
  bool operator==(const Line&) const = default;
};

struct RegionSpec {
  std::vector<Zone> zones;
  std::vector<Line> lines;
  [[nodiscard]] bool empty() const { return zones.empty() && lines.empty(); }
  bool operator==(const RegionSpec&) const = default;
};

// Whether `point` lies within the outline, by the even-odd rule.
[[nodiscard]] bool contains(const std::vector<Point>& corners, Point point);
// Of the zones in which motion counts.
[[nodiscard]] std::vector<std::vector<Point>> motion_outlines(const RegionSpec& spec);

// Returns the classes of zones and lines that are not among `names`, sorted and unique. Objects of
// such a class never occur.
[[nodiscard]] std::vector<std::string> unknown_classes(const RegionSpec& spec,
                                                       const std::vector<std::string>& names);

struct ZoneCount {
  int inside = 0;  // now
  int64_t entered = 0;
};
// The sides of somebody who walks in the image from the first point of the line to the second.
struct LineCount {
  int64_t to_right = 0, to_left = 0;
};
struct RegionCounts {
  std::vector<ZoneCount> zones;  // as in the spec
  std::vector<LineCount> lines;
};

struct RegionEvent {
  enum class Kind { kEntered, kLeft, kToRight, kToLeft };
  Kind kind = Kind::kEntered;
  std::string region;
  std::string class_name;
  int64_t track = -1;
};
[[nodiscard]] const char* event_name(RegionEvent::Kind kind);

class Regions {
 public:
  explicit Regions(RegionSpec spec);

  // Returns the events since the last frame. `time` is that of the frame, in seconds on any clock.
  // An object without a detection for two seconds has left its zones.
  const std::vector<RegionEvent>& update(const Detections& detections,
                                         const std::vector<std::string>& class_names, Size picture,
                                         double time);

  [[nodiscard]] const RegionSpec& spec() const { return spec_; }
  [[nodiscard]] const RegionCounts& counts() const { return counts_; }

 private:
  struct Presence {
    bool inside = false;
    int against = 0;  // frames in a row that say otherwise
  };
  struct Object {
    std::string class_name;
    Point place;
    double seen = 0;
    std::vector<Presence> zones;
    std::vector<int> sides;    // of the lines: 1 right, −1 left, 0 not yet clear
    std::vector<Point> there;  // where it was when its side was last clear
  };
  void look_at_zones(int64_t track, Object& object);
  void look_at_lines(int64_t track, Object& object);
  Object& object_of(int64_t track);
  void forget(double before);
  void report(RegionEvent::Kind kind, const std::string& region, int64_t track,
              const Object& object);

  RegionSpec spec_;
  RegionCounts counts_;
  using Objects = std::map<int64_t, Object>;  // by track
  Objects objects_;
  std::vector<Objects::node_type> spare_;  // of objects that have gone
  std::vector<RegionEvent> events_;
};

}  // namespace octet
