#include "measure/accuracy.h"

#include <fmt/format.h>

#include <optional>

#include "core/error.h"
#include "core/process.h"
#include "core/progress.h"

namespace octet {

void verify_fit(const ModelInfo& info, const Dataset& data, const std::string& path) {
  if (data.names.size() != info.names.size())
    fail("{}: has {} classes, the model has {}; give the dataset of this model", path,
         data.names.size(), info.names.size());
  require_class_order(data, info.names, path);
  if (info.task == Task::kPose && data.keypoints != info.head.keypoints) {
    fail("{}: has {} keypoints an object, the model has {}; give the dataset of this model", path,
         data.keypoints, info.head.keypoints);
  }
}

Accuracy measure_accuracy(Detector& detector, const Dataset& data, BadPicture bad) {
  Accuracy m{.map = MapEvaluator(detector.info()), .inference_ms = {}};
  const auto job = detector.make_job();
  Detections detections;
  Progress progress(static_cast<int64_t>(data.samples.size()), "validation");
  PictureReader reader(bad);
  for (const Sample& sample : data.samples) {
    if (stop_requested()) fail("interrupted: mAP of a part of the images is not shown");
    const std::optional<Image> image = reader.read(sample.image);
    if (!image) continue;
    job->submit(view(*image));
    job->finish(kMapDecode, detections);
    m.inference_ms.push_back(job->inference_time().count());
    m.map.add(sample, image->size(), detections);
    progress.update(static_cast<int64_t>(m.inference_ms.size()),
                    fmt::format("{:.0f} ms an image", m.inference_ms.back()));
  }
  reader.finish();
  m.skipped = data.skipped + reader.skipped();
  if (m.map.boxes().objects() == 0)
    fail("no image that can be read has a label; there is nothing to measure");
  return m;
}

}  // namespace octet
