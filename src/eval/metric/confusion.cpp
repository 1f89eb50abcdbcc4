#include "eval/metric/confusion.h"

#include "eval/metric/box_overlap.h"

namespace octet {
namespace {

constexpr double kLeastOverlap = 0.45;

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
      const double now = intersection_over_union(truth[t].box, to_truth_box(d.box));
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
