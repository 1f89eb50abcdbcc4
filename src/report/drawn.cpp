#include "report/drawn.h"

#include "model/known_keypoints.h"
#include "report/html.h"
#include "vision/draw/draw.h"

namespace octet {
namespace {

constexpr float kShown = 0.25F;

Detections shown_only(const Detections& all) {
  Detections out;
  out.keypoints_per_object = all.keypoints_per_object;
  for (size_t i = 0; i < all.items.size(); ++i) {
    if (all.items[i].confidence < kShown) continue;
    out.items.push_back(all.items[i]);
    const auto points = all.keypoints_of(i);
    out.keypoints.insert(out.keypoints.end(), points.begin(), points.end());
  }
  return out;
}

std::string drawn(Image image, const Detections& found, const std::string& caption,
                  const std::vector<std::string>& names) {
  draw_detections(image, shown_only(found), names, usual_skeleton(found.keypoints_per_object));
  return html_picture(image, caption);
}

}  // namespace

std::string drawn_pair(const Image& image, const DrawnPair& pair,
                       const std::vector<std::string>& names) {
  return "<div class=\"row pictures\">" + drawn(image, pair.left, pair.left_caption, names) +
         drawn(image, pair.right, pair.right_caption, names) + "</div>";
}

}  // namespace octet
