#include "train/prune/teacher_labels.h"

#include "core/error.h"
#include "core/log.h"
#include "eval/found_as_truth.h"
#include "train/loop/evaluate.h"

namespace octet {
Dataset labelled_by(const Model& model, Dataset data, const SizeOption& size) {
  std::vector<Sample> samples;
  const auto keep = [&](const Sample& sample, const auto&, const Detections& found) {
    samples.push_back({.image = sample.image, .relative = false, .objects = found_as_truth(found)});
  };
  (void)evaluate(model, data, size, Voting::kNone, keep);
  data.samples = std::move(samples);
  data.names = model.info.names;
  data.keypoints = model.info.head.keypoints;
  data.keypoint_dims = model.info.head.keypoint_dims;
  data.flip_index = model.info.flip_index;
  return data;
}

bool label_where_missing(Dataset& data, const Model& model, const SizeOption& size,
                         const std::string& name) {
  if (has_labels(data)) return false;
  log_info("{}: no image has a label; the teacher's detections become the labels", name);
  data = labelled_by(model, std::move(data), size);
  if (!has_labels(data))
    fail("{}: the teacher finds nothing in these images; give images of what it detects", name);
  return true;
}

}  // namespace octet
