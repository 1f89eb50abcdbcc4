// The detections of one image, in its pixels.
#pragma once

#include <algorithm>
#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace octet {

struct PixelBox {
  float x1 = 0, y1 = 0, x2 = 0, y2 = 0;  // corners
};

struct Keypoint {
  float x = 0, y = 0;
  float confidence = 1;  // that it is visible; 1 where the model does not give it
};

struct Detection {
  PixelBox box;
  int class_index = 0;
  float confidence = 0;
  int64_t track = -1;  // the number of the object over the frames of its camera; −1: not tracked
  bool has_keypoints = true;  // where the image has any: a pose network looks at some objects only
};

// Reuses its memory: filling it again allocates nothing once it has grown.
struct Detections {
  std::vector<Detection> items;  // by falling confidence
  std::vector<Keypoint> keypoints;
  int keypoints_per_object = 0;

  // Empty for an object without keypoints.
  [[nodiscard]] std::span<const Keypoint> keypoints_of(size_t item) const {
    if (!items[item].has_keypoints) return {};
    const auto count = static_cast<size_t>(keypoints_per_object);
    return std::span(keypoints).subspan(item * count, count);
  }
  // Gives every object room for so many keypoints, and takes those that it has.
  void reset_keypoints(int per_object) {
    keypoints_per_object = per_object;
    keypoints.assign(items.size() * static_cast<size_t>(per_object), {});
    for (Detection& d : items) d.has_keypoints = false;
  }
  // `points`: as many as there is room for.
  void set_keypoints(size_t item, std::span<const Keypoint> points) {
    items[item].has_keypoints = true;
    std::copy(points.begin(), points.end(),
              keypoints.begin() + static_cast<std::ptrdiff_t>(item * points.size()));
  }
  void clear() {
    items.clear();
    keypoints.clear();
  }
};

// Returns "?" for a class without a name: a result may be older than the current model.
[[nodiscard]] inline std::string_view class_name(std::span<const std::string> names, int index) {
  const auto at = static_cast<size_t>(index);
  return at < names.size() ? std::string_view(names[at]) : "?";
}

}  // namespace octet
