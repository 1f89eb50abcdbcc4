// Zones and lines in a camera's picture: which objects are in a zone, and how many crossed a line.
// An object stands where the middle of its box's lower edge is. Places are shares of the picture's
// width and height, so that they hold when the camera changes its resolution. One thread.
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
  std::vector<std::string> classes;  // whose objects count; empty: all
  bool motion = false;               // the motion gate looks here, and not outside such zones
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

// What zones and lines ask for that is no class among `names`: nothing of it is ever counted. Sorted,
// each once.
[[nodiscard]] std::vector<std::string> unknown_classes(const RegionSpec& spec,
                                                       const std::vector<std::string>& names);

struct ZoneCount {
  int inside = 0;  // now
  int64_t entered = 0;
};
// Sides as seen in the picture by somebody who walks from the line's first point to its second.
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

  // What tracked objects did since the last frame. `time`: of the frame, in seconds on any clock.
  // An object that is not seen for two seconds has left its zones.
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
