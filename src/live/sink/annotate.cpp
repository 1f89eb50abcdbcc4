#include "live/sink/annotate.h"

#include <fmt/format.h>

#include "vision/draw/draw.h"

namespace octet {
namespace {

void draw_region(Image& image, const std::vector<Point>& points, bool closed,
                 const std::string& label) {
  std::vector<Keypoint> pixels;
  for (const Point& p : points)
    pixels.push_back(
        {p.x * static_cast<float>(image.width - 1), p.y * static_cast<float>(image.height - 1)});
  draw_outline(image, pixels, closed, label);
}

}  // namespace

Image annotated(const Picture& picture, const StreamResult& result) {
  Image image = picture.to_rgb();
  for (size_t i = 0; i < result.counts.zones.size(); ++i) {
    const Zone& zone = result.regions->zones[i];
    draw_region(image, zone.corners, true,
                fmt::format("{} {}", zone.name, result.counts.zones[i].inside));
  }
  for (size_t i = 0; i < result.counts.lines.size(); ++i) {
    const Line& line = result.regions->lines[i];
    draw_region(image, {line.from, line.to}, false,
                fmt::format("{} {} / {}", line.name, result.counts.lines[i].to_right,
                            result.counts.lines[i].to_left));
  }
  draw_detections(image, result.detections, *result.class_names,
                  result.skeleton ? *result.skeleton : Skeleton{});
  return image;
}

}  // namespace octet
