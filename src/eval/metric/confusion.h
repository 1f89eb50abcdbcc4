// The confusion matrix of classes.
#pragma once

#include <span>
#include <vector>

#include "eval/metric/coco_metric.h"

namespace octet {

// Rows are labels, columns are detections, and the last of each is "nothing". Detections above
// `score` are matched, best first, with the object of the greatest overlap, from IoU 0.45 on.
class Confusion {
 public:
  explicit Confusion(size_t classes, float score = 0.25F);
  void add(std::span<const TruthObject> truth, const Detections& found);
  [[nodiscard]] const std::vector<std::vector<int>>& counts() const { return counts_; }

 private:
  float score_;
  std::vector<std::vector<int>> counts_;
};

}  // namespace octet
