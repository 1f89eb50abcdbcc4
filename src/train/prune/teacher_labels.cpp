#include "train/prune/teacher_labels.h"

#include "core/error.h"
#include "core/log.h"
#include "core/process.h"
#include "train/loop/evaluate.h"

namespace octet {
namespace {

constexpr float kVisible = 0.5F;
constexpr double kKeypointAreaShare = 0.53;  // of the box, as TruthObject has it

}  // namespace

std::vector<TruthObject> as_objects(const Detections& found) {
  std::vector<TruthObject> objects;
  for (size_t i = 0; i < found.items.size(); ++i) {
    const Detection& d = found.items[i];
    if (d.confidence < kObjectConfidence) continue;
    const double area =
        static_cast<double>(d.box.x2 - d.box.x1) * static_cast<double>(d.box.y2 - d.box.y1);
    TruthObject object{.class_index = d.class_index,
                       .box = {d.box.x1, d.box.y1, d.box.x2, d.box.y2},
                       .box_area = area,
                       .keypoint_area = kKeypointAreaShare * area};
    for (const Keypoint& p : found.keypoints_of(i))
      object.keypoints.push_back({p.x, p.y, p.confidence >= kVisible ? 2 : 0});
    objects.push_back(std::move(object));
  }
  return objects;
}

Dataset labelled_by(const Model& model, Dataset data, const SizeOption& size) {
  std::vector<Sample> samples;
  const auto keep = [&](const Sample& sample, const auto&, const Detections& found) {
    if (stop_requested()) fail("interrupted while the teacher labels the images");
    samples.push_back({.image = sample.image, .relative = false, .objects = as_objects(found)});
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
