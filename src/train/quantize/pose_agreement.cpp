#include "train/quantize/pose_agreement.h"

#include <cmath>

#include "core/numeric/quantile.h"
#include "eval/metric/coco_metric.h"
#include "vision/person_crop.h"
#include "vision/pose_decode.h"

namespace octet {
namespace {

constexpr float kSeen = 0.3F;            // confidence of the float network
constexpr double kAreaOfBox = 0.53;      // COCO's mean share of a person in its box
constexpr double kUsualDistance = 0.95;  // the quantile of p95

// Decodes the outputs of one crop after the other.
class Poses {
 public:
  Poses(const Model& model, const std::vector<torch::Tensor>& outputs)
      : outputs_(outputs),
        decoder_(CheckedPose(*model.info.pose_head, model.usual_size(), ports(model))) {}

  const PersonPose& of(int64_t crop) {
    std::vector<TensorView> views;
    for (const torch::Tensor& output : outputs_) {
      own_.push_back(output.narrow(0, crop, 1).contiguous());
      views.push_back({.data = own_.back().data_ptr<float>(), .shape = own_.back().sizes().vec()});
    }
    decoder_.decode(views, pose_);
    own_.clear();
    return pose_;
  }

 private:
  [[nodiscard]] std::vector<Port> ports(const Model& model) const {
    std::vector<Port> list;
    for (const Output& o : model.outputs()) {
      Port port{.name = o.name(), .shape = outputs_[list.size()].sizes().vec()};
      port.shape[0] = 1;
      list.push_back(std::move(port));
    }
    return list;
  }

  const std::vector<torch::Tensor>& outputs_;
  PoseDecoder decoder_;
  std::vector<torch::Tensor> own_;
  PersonPose pose_;
};

// 2 · area · (2σ)² in pixels of the input, without σ².
double reach(const PictureCrop& crop, Size input) {
  const PixelBox& b = *crop.person;
  const double scale = person_crop_geometry(b, input, crop.margin).scale;
  return 8 * kAreaOfBox * (b.x2 - b.x1) * (b.y2 - b.y1) * scale * scale;
}

}  // namespace

PoseAgreement pose_agreement(const Model& model, const std::vector<torch::Tensor>& found,
                             const std::vector<torch::Tensor>& wanted,
                             std::span<const PictureCrop> crops) {
  const std::vector<double> sigmas = keypoint_sigmas(model.info.pose_head->keypoints);
  const Size input = model.usual_size();
  Poses of_int8(model, found), of_float(model, wanted);
  PoseAgreement agreement;
  std::vector<double> distances;
  double similarity = 0;
  for (size_t i = 0; i < crops.size(); ++i) {
    const auto& a = of_int8.of(static_cast<int64_t>(i)).keypoints;
    const auto& b = of_float.of(static_cast<int64_t>(i)).keypoints;
    double sum = 0;
    int64_t seen = 0;
    for (size_t k = 0; k < b.size(); ++k) {
      if (b[k].confidence <= kSeen) continue;
      ++seen;
      const double distance = std::hypot(a[k].x - b[k].x, a[k].y - b[k].y);
      distances.push_back(distance / longer_side(input));
      if (crops[i].person)
        sum += std::exp(-distance * distance / (reach(crops[i], input) * sigmas[k] * sigmas[k]));
    }
    if (seen == 0) continue;
    ++agreement.persons;
    agreement.keypoints += seen;
    similarity += sum / static_cast<double>(seen);
  }
  if (agreement.persons > 0 && crops.front().person)
    agreement.oks = similarity / static_cast<double>(agreement.persons);
  agreement.median = median(distances);
  agreement.p95 = quantile(distances, kUsualDistance);
  return agreement;
}

}  // namespace octet
