#include "eval/metric/confusion.h"

#include <algorithm>

namespace octet {
namespace {

constexpr double kLeastOverlap = 0.45;

double overlap(const TruthBox& a, const PixelBox& b) {
  const double w = std::min<double>(a.x2, b.x2) - std::max<double>(a.x1, b.x1);
  const double h = std::min<double>(a.y2, b.y2) - std::max<double>(a.y1, b.y1);
  if (w <= 0 || h <= 0) return 0;
  const double areas = (a.x2 - a.x1) * (a.y2 - a.y1) +
                       static_cast<double>(b.x2 - b.x1) * static_cast<double>(b.y2 - b.y1);
  return w * h / (areas - w * h);
}

}  // namespace

Confusion::Confusion(size_t classes, float score)
    : score_(score), counts_(classes + 1, std::vector<int>(classes + 1, 0)) {}

void Confusion::add(std::span<const TruthObject> truth, const Detections& found) {
  const size_t nothing = counts_.size() - 1;
  std::vector<bool> taken(truth.size(), false);
  for (const Detection& d : found.items) {
    if (d.confidence < score_) continue;
    double best = kLeastOverlap;
    size_t match = truth.size();
    for (size_t t = 0; t < truth.size(); ++t) {
      const double now = overlap(truth[t].box, d.box);
      if (taken[t] || truth[t].crowd || now < best) continue;
      best = now;
      match = t;
    }
    const bool hit = match < truth.size();
    if (hit) taken[match] = true;
    const size_t row = hit ? static_cast<size_t>(truth[match].class_index) : nothing;
    ++counts_[row][static_cast<size_t>(d.class_index)];
  }
  for (size_t t = 0; t < truth.size(); ++t) {
    if (!taken[t] && !truth[t].crowd) ++counts_[static_cast<size_t>(truth[t].class_index)][nothing];
  }
}

}  // namespace octet
