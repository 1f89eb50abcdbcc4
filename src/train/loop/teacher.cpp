#include "train/loop/teacher.h"

#include <algorithm>

#include "core/error.h"
#include "model/passes/passes.h"

namespace octet {
namespace {

void require_same_head(const ModelInfo& teacher, const ModelInfo& student) {
  const Head& a = teacher.head;
  const Head& b = student.head;
  if (teacher.names != student.names)
    fail("the teacher has other classes than the model; give one that was trained on the same");
  if (a.keypoints != b.keypoints || a.keypoint_dims != b.keypoint_dims)
    fail("the teacher has keypoints [{}, {}], the model [{}, {}]; give one of the same task",
         a.keypoints, a.keypoint_dims, b.keypoints, b.keypoint_dims);
  if (a.bins != b.bins)
    fail("the teacher has other bins of box sides than the model; give one of the same family");
}

size_t place_of(const Output& wanted, const std::vector<Output>& outputs) {
  const auto at = std::find_if(outputs.begin(), outputs.end(), [&](const Output& o) {
    return o.role == wanted.role && o.stride == wanted.stride;
  });
  if (at == outputs.end())
    fail("the teacher has no output {}, which the model has; give one with the same scales",
         wanted.name());
  return static_cast<size_t>(at - outputs.begin());
}

std::vector<size_t> places_of(const std::vector<Output>& wanted,
                              const std::vector<Output>& outputs) {
  std::vector<size_t> places;
  for (const Output& output : wanted) places.push_back(place_of(output, outputs));
  return places;
}

std::vector<std::string> common_features(const Graph& teacher, const Graph& student) {
  std::vector<std::string> names = shared_features(teacher);
  std::erase_if(names, [&](const std::string& name) { return student.find(name) == nullptr; });
  return names;
}

}  // namespace

void verify_teacher(const Model& teacher, const Model& student) {
  if (!teacher.quantization.empty())
    fail("the teacher is an int8 model; give the float model that it was made of");
  require_same_head(teacher.info, student.info);
  (void)places_of(student.outputs(), teacher.outputs());
}

Teacher::Teacher(const Model& teacher, const Model& student, TeachingWeights weights)
    : weights_(weights),
      net_(fold_batch_norm(teacher).graph),
      all_outputs_(teacher.outputs()),
      strides_(student.info.head.strides),
      distance_(student),
      labels_(student.info, student.outputs()) {
  verify_teacher(teacher, student);
  outputs_ = places_of(student.outputs(), teacher.outputs());
  if (weights.features > 0) features_ = common_features(net_.structure(), student.graph);
}

LossItems Teacher::operator()(const std::vector<torch::Tensor>& given, const torch::Tensor& image,
                              const Targets& targets) {
  std::vector<torch::Tensor> wanted, features;
  torch::Tensor trust;
  {
    const torch::NoGradGuard no_grad;
    const auto all = net_.forward(image, NormMode::kRunningStatistics, features_);
    for (const size_t place : outputs_) wanted.push_back(all[place]);
    trust = trusted_cells(all, all_outputs_, strides_);
    features.assign(all.end() - static_cast<std::ptrdiff_t>(features_.size()), all.end());
  }
  torch::Tensor total = distance_(given, wanted, trust);
  LossItems items;
  if (weights_.labels > 0) items = labels_(given, targets);
  items.distill = total.item<double>();
  total = total * weights_.outputs;
  if (weights_.features > 0)
    total = total + feature_distance(std::span(given).subspan(outputs_.size()), features) *
                        weights_.features;
  total = total * static_cast<double>(image.size(0));
  if (weights_.labels > 0) total = total + items.total * weights_.labels;
  items.total = total;
  return items;
}

}  // namespace octet
