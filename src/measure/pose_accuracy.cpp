#include "measure/pose_accuracy.h"

#include <fmt/format.h>

#include <algorithm>
#include <numeric>
#include <optional>

#include "core/error.h"
#include "core/process.h"
#include "core/progress.h"

namespace octet {
namespace {

constexpr int kPerson = 0;  // the one class

PixelBox pixel_box(const TruthBox& box) {
  return {static_cast<float>(box.x1), static_cast<float>(box.y1), static_cast<float>(box.x2),
          static_cast<float>(box.y2)};
}

// Adds the keypoints of one person, as the data orders them.
void add(const PersonPose& pose, const std::vector<int>& order, const PixelBox& box,
         Detections& found) {
  float sum = 0;
  for (const int k : order) {
    found.keypoints.push_back(pose.keypoints[static_cast<size_t>(k)]);
    sum += found.keypoints.back().confidence;
  }
  found.items.push_back(
      {.box = box, .class_index = kPerson, .confidence = sum / static_cast<float>(order.size())});
}

}  // namespace

std::vector<int> keypoints_for(const PoseHead& head, const Dataset& data, const std::string& path) {
  if (data.keypoints == 0)
    fail("{}: its labels have no keypoints; a pose network is measured with those of people", path);
  if (data.keypoints == static_cast<int>(head.coco.size())) return head.coco;
  if (data.keypoints != head.keypoints)
    fail("{}: has {} keypoints an object, the network has {}{}; give the dataset of this network",
         path, data.keypoints, head.keypoints,
         head.coco.empty() ? "" : fmt::format(" and can give COCO's {}", head.coco.size()));
  std::vector<int> order(static_cast<size_t>(head.keypoints));
  std::iota(order.begin(), order.end(), 0);
  return order;
}

bool is_measured(const TruthObject& object) {
  const double area = (object.box.x2 - object.box.x1) * (object.box.y2 - object.box.y1);
  return !object.crowd && area >= kLeastPersonArea &&
         std::any_of(object.keypoints.begin(), object.keypoints.end(),
                     [](const TruthObject::Point& p) { return p.visibility > 0; });
}

PoseAccuracy measure_pose_accuracy(PoseNetwork& network, const Dataset& data,
                                   const std::vector<int>& order, BadPicture bad) {
  PoseAccuracy m{.keypoints = CocoMetric(MetricKind::kKeypoint, data.keypoints),
                 .inference_ms = {}};
  const auto job = network.make_job();
  Detections found;
  found.keypoints_per_object = data.keypoints;
  Progress progress(static_cast<int64_t>(data.samples.size()), "validation");
  PictureReader reader(bad);
  for (const Sample& sample : data.samples) {
    if (stop_requested()) fail("interrupted: mAP of a part of the images is not shown");
    const std::optional<Image> image = reader.read(sample.image);
    if (!image) continue;
    std::vector<TruthObject> people = objects_in_pixels(sample, image->size());
    std::erase_if(people, [](const TruthObject& o) { return !is_measured(o); });
    found.clear();
    for (TruthObject& person : people) {
      person.class_index = kPerson;
      const PixelBox box = pixel_box(person.box);
      add(job->find(view(*image), box), order, box, found);
      m.inference_ms.push_back(job->inference_time().count());
    }
    m.keypoints.add(people, found);
    progress.update(++m.images);
  }
  reader.finish();
  m.skipped = data.skipped + reader.skipped();
  if (m.keypoints.objects() == 0)
    fail("no image that can be read has a labelled person of {:.0f} square pixels or more",
         kLeastPersonArea);
  return m;
}

}  // namespace octet
