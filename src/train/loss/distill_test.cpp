#include "train/loss/distill.h"

#include <ATen/CPUGeneratorImpl.h>
#include <gtest/gtest.h>
#include <torch/csrc/autograd/autograd.h>

#include <cmath>

#include "format/model_file.h"
#include "model/passes/passes.h"
#include "train/loop/evaluate.h"
#include "train/loop/trainer.h"
#include "train/network/graph_executor.h"
#include "train/network/outputs.h"
#include "train/quantize/calibrate.h"
#include "train/quantize/sensitivity.h"

namespace octet {
namespace {

const std::string kTiny = OCTET_SOURCE_DIR "/tests/data/checkpoints/v8.4.190-detect3.pt";

Model folded_tiny() {
  Model model = read_model(kTiny);
  model = fold_batch_norm(std::move(model));
  return model;
}

// A range of class logits ends a little below what can be a detection: where, is no difference.
TEST(Distillation, WhatCanBeNoDetectionIsEqual) {
  const torch::NoGradGuard no_grad;
  const Model model = folded_tiny();
  GraphExecutor net(model.graph);
  const auto given = net.forward(torch::rand({1, 3, 64, 64}), NormMode::kRunningStatistics);
  const auto with_background = [&](double logit) {
    std::vector<torch::Tensor> outputs = given;
    for (size_t i = 0; i < outputs.size(); ++i) {
      if (model.outputs()[i].role != OutputRole::kClass) continue;
      outputs[i] = torch::full_like(outputs[i], logit);
      outputs[i].select(2, 0).fill_(2.0);
    }
    return outputs;
  };
  const Distillation distance(model);
  const auto teacher = with_background(-20);
  EXPECT_EQ(distance(with_background(-7.5), teacher).item<double>(), 0);
  EXPECT_GT(distance(with_background(-6.5), teacher).item<double>(), 1e-3);
}

// An image of 64 pixels: 8, 4 and 2 cells a side. One object is seen at stride 8, and one at 16.
TEST(Distillation, TrustsATeacherWhereItLooks) {
  std::vector<Output> outputs;
  std::vector<torch::Tensor> teacher;
  for (const int stride : {8, 16, 32}) {
    outputs.push_back({.value = "", .role = OutputRole::kClass, .stride = stride});
    teacher.push_back(torch::full({1, 2, 64 / stride, 64 / stride}, -6.0));
  }
  teacher[0][0][1][5][2] = 2.0;
  teacher[1][0][0][0][3] = 2.0;
  EXPECT_FALSE(trusted_cells(teacher, outputs, {8, 16, 32}).defined());
  torch::Tensor wanted = torch::ones({1, 16 + 4});
  wanted[0][2 * 4 + 1] = 0;
  EXPECT_TRUE(torch::equal(trusted_cells(teacher, outputs, {16, 32}), wanted)) << "the next scale";
  wanted = torch::ones({1, 64 + 4});
  for (const int cell : {6, 7, 14, 15, 64 + 1}) wanted[0][cell] = 0;
  EXPECT_TRUE(torch::equal(trusted_cells(teacher, outputs, {8, 32}), wanted)) << "on both sides";
  teacher[1][0][0][2][1] = 3.0;  // sees the first one as well
  EXPECT_TRUE(torch::equal(trusted_cells(teacher, outputs, {16, 32}), torch::ones({1, 16 + 4})));
}

TEST(Distillation, CellsWithoutTrustDoNotCount) {
  const torch::NoGradGuard no_grad;
  const Model model = folded_tiny();
  GraphExecutor net(model.graph);
  const auto teacher = net.forward(torch::rand({1, 3, 64, 64}), NormMode::kRunningStatistics);
  std::vector<torch::Tensor> student;
  for (const torch::Tensor& t : teacher) student.push_back(t + 5);
  const Distillation distance(model);
  const torch::Tensor all = torch::ones({1, 64 + 16 + 4});
  EXPECT_EQ(distance(student, teacher, all).item<double>(),
            distance(student, teacher).item<double>());
  EXPECT_GT(distance(student, teacher).item<double>(), 0);
  EXPECT_EQ(distance(student, teacher, torch::zeros_like(all)).item<double>(), 0);
}

// A head of two strides, with three classes and two keypoints.
Model small_head() {
  Model model;
  model.info.names = {"a", "b", "c"};
  model.info.head.strides = {8, 16};
  model.info.head.bins = {0, 1, 2, 3};
  model.info.head.keypoints = 2;
  model.info.head.keypoint_dims = 3;
  for (const int stride : {8, 16}) {
    for (const OutputRole role : model.info.head.roles())
      model.add_output({std::string(role_name(role)) + std::to_string(stride), role, stride});
  }
  return model;
}

// Random logits, as a network with that head gives them for two images.
std::vector<torch::Tensor> random_outputs(const Model& model) {
  std::vector<torch::Tensor> outputs;
  for (const Output& o : model.outputs()) {
    const int channels = model.info.head.channels(o.role, model.info.names.size());
    outputs.push_back(torch::randn({2, channels, 32 / o.stride, 32 / o.stride}, torch::kDouble));
  }
  return outputs;
}

// The mean square of the slope of a probe in any direction is the second derivative of the distance.
TEST(Distillation, ProbeHasTheCurvatureOfTheDistance) {
  constexpr double kStep = 1e-3;
  constexpr int kDraws = 1500;
  torch::manual_seed(3);
  const Model model = small_head();
  const Distillation distance(model);
  const auto teacher = random_outputs(model);
  const auto direction = random_outputs(model);
  std::vector<torch::Tensor> student, leaves;
  for (size_t i = 0; i < teacher.size(); ++i) {
    student.push_back(teacher[i] + direction[i] * kStep);
    leaves.push_back(teacher[i].clone().requires_grad_(true));
  }
  const double curvature = 2 * distance(student, teacher).item<double>() / (kStep * kStep);
  const at::Generator random = at::make_generator<at::CPUGeneratorImpl>(uint64_t{4});
  double mean = 0;
  for (int draw = 0; draw < kDraws; ++draw) {
    const auto gradients = torch::autograd::grad({distance.probe(leaves, random)}, leaves);
    double slope = 0;
    for (size_t i = 0; i < leaves.size(); ++i)
      slope += (gradients[i] * direction[i]).sum().item<double>();
    mean += slope * slope / kDraws;
  }
  EXPECT_GT(curvature, 0);
  EXPECT_NEAR(mean / curvature, 1, 0.15);  // four times the deviation of such a mean
}

// Fine keypoints are a third of a step lower, then higher: what is meant is the mean.
TEST(KeypointOffsets, AreTheMeanWithTheFineOnes) {
  ModelInfo info;
  info.head.strides = {8, 16};
  info.head.keypoints = 2;
  std::vector<Output> outputs{{"a", OutputRole::kKeypoint, 8}, {"b", OutputRole::kKeypoint, 16}};
  const torch::Tensor a = torch::arange(16.0).view({1, 4, 2, 2}), b = -torch::ones({1, 4, 1, 1});
  std::vector<torch::Tensor> tensors{a, b};
  const torch::Tensor plain = keypoint_offsets(tensors, outputs, info);
  ASSERT_EQ(plain.sizes(), (std::vector<int64_t>{1, 5, 2, 2}));
  EXPECT_EQ(plain[0][1][1][0].item<double>(), 9) << "x of keypoint 1 in the second cell";
  outputs.push_back({"c", OutputRole::kFineKeypoint, 16});
  tensors.push_back(torch::cat({b, b + 3}, 1));
  const torch::Tensor mean = keypoint_offsets(tensors, outputs, info);
  EXPECT_TRUE(torch::allclose(mean.slice(1, 0, 4), plain.slice(1, 0, 4)));
  EXPECT_TRUE(torch::allclose(mean.slice(1, 4), torch::zeros({1, 1, 2, 2})));
}

TEST(FeatureDistance, IsZeroForEqualOneForNothing) {
  const torch::NoGradGuard no_grad;
  torch::manual_seed(1);
  const Model model = folded_tiny();
  const auto names = shared_features(model.graph);
  ASSERT_GT(names.size(), 5U);
  GraphExecutor net(model.graph);
  const torch::Tensor image = torch::rand({1, 3, 64, 64});
  const auto given = net.forward(image, NormMode::kRunningStatistics, names);
  const auto features = std::span(given).subspan(model.outputs().size());
  ASSERT_EQ(features.size(), names.size());
  EXPECT_EQ(feature_distance(features, features).item<double>(), 0);
  std::vector<torch::Tensor> nothing;
  for (const torch::Tensor& f : features) nothing.push_back(torch::zeros_like(f));
  EXPECT_NEAR(feature_distance(nothing, features).item<double>(), 1, 0.01);
}

// Channels that a linear map gives back are no loss, whatever their order and number; what no map
// gives is, and its gradient says what is missing.
TEST(FeatureDistance, OfOtherWidthsIsWhatNoLinearMapGives) {
  torch::manual_seed(2);
  const torch::Tensor kept = torch::randn({2, 4, 8, 8});
  const std::vector<torch::Tensor> teacher{torch::cat({kept.flip(1), kept * 2}, 1)};
  const auto distance = [&](const torch::Tensor& student) {
    return feature_distance(std::vector<torch::Tensor>{student}, teacher);
  };
  EXPECT_LT(distance(kept).item<double>(), 1e-4);
  torch::Tensor less = kept.slice(1, 0, 3).clone().requires_grad_(true);
  const torch::Tensor missing = distance(less);
  EXPECT_NEAR(missing.item<double>(), 0.25, 0.05);
  missing.backward();
  const torch::NoGradGuard no_grad;
  const torch::Tensor step = less.grad() / less.grad().norm();
  const double slope = less.grad().norm().item<double>();
  constexpr double kStep = 0.1;
  EXPECT_NEAR((missing - distance(less - step * kStep)).item<double>(), slope * kStep,
              0.2 * slope * kStep);
}

// Values that are overwritten or dropped on the way were not needed any more.
TEST(GraphExecutor, ForwardGivesWhatAllValuesGive) {
  const torch::NoGradGuard no_grad;
  const Model model = folded_tiny();
  GraphExecutor net(model.graph);
  const torch::Tensor image = torch::rand({2, 3, 96, 64});
  const auto names = shared_features(model.graph);
  const auto values = net.values(image);
  const auto given = net.forward(image, NormMode::kRunningStatistics, names);
  for (size_t i = 0; i < given.size(); ++i) {
    const size_t outputs = model.outputs().size();
    const std::string name = i < outputs ? model.graph.outputs[i] : names[i - outputs];
    EXPECT_TRUE(torch::allclose(given[i], values.at(name))) << name;
  }
}

// Other pictures show more than those of calibration, and at the outputs what is cut off costs
// most.
TEST(Calibration, OutputsHaveRoomBeyondWhatWasSeen) {
  const Dataset data = read_dataset(OCTET_SOURCE_DIR "/samples/coco/data.yaml", {});
  const Model model = folded_tiny();
  const Placement placement = place_quantizers(model);
  const Calibration c =
      calibrate(model, placement, data, {.side = 64, .pictures = 2, .tried = 1, .rounded = 1});
  for (const Output& o : model.outputs()) {
    const GroupCalibration& group = c.groups[placement.group_of.at(o.value)];
    const double tenth = 0.1 * (group.seen.high - group.seen.low);
    EXPECT_NEAR(group.range.high, group.seen.high + tenth, 1e-9) << o.name();
    const bool logits = o.role == OutputRole::kClass;
    EXPECT_NEAR(group.range.low, group.seen.low - (logits ? 0 : tenth), 1e-9) << o.name();
  }
}

TEST(Evaluate, RectanglesHoldThePictures) {
  const Dataset data = read_dataset(OCTET_SOURCE_DIR "/samples/coco/data.yaml", {});
  const Model model = select_classes(folded_tiny(), data.names, 0);
  GraphExecutor net(model.graph);
  int64_t pictures = 0, smaller = 0;
  const auto forward = [&](const torch::Tensor& image) {
    EXPECT_EQ(std::max(image.size(2), image.size(3)), 160);
    pictures += image.size(0);
    smaller += std::min(image.size(2), image.size(3)) < 160 ? image.size(0) : 0;
    return net.forward(image, NormMode::kRunningStatistics);
  };
  (void)evaluate(forward, model, data, {.size = {160, 160}, .exact = false}, Voting::kNone);
  EXPECT_EQ(pictures, static_cast<int64_t>(data.samples.size()));
  EXPECT_GT(smaller, pictures / 2);
}

// Pictures that go through the network together keep their own boxes, whatever their sizes.
TEST(Evaluate, PicturesTogetherAreJudgedAsOneByOne) {
  const Dataset data = read_dataset(OCTET_SOURCE_DIR "/samples/coco/data.yaml", {});
  const Model model = read_model(OCTET_SOURCE_DIR "/samples/yolov8n.safetensors");
  size_t seen = 0, boxes = 0;
  const auto judge = [&](const Sample& sample, const auto&, const Detections& together) {
    ASSERT_LT(seen, data.samples.size());
    EXPECT_EQ(sample.image, data.samples[seen++].image);
    Dataset alone = data;
    alone.samples = {sample};
    const auto compare = [&](const Sample&, const auto&, const Detections& found) {
      ASSERT_FALSE(found.items.empty());
      ASSERT_FALSE(together.items.empty());
      EXPECT_NEAR(found.items[0].confidence, together.items[0].confidence, 1e-3) << sample.image;
      EXPECT_NEAR(found.items[0].box.x1, together.items[0].box.x1, 0.1) << sample.image;
      ++boxes;
    };
    (void)evaluate(model, alone, {.size = {320, 320}, .exact = false}, Voting::kNone, compare);
  };
  (void)evaluate(model, data, {.size = {320, 320}, .exact = false}, Voting::kNone, judge);
  EXPECT_EQ(seen, data.samples.size());
  EXPECT_EQ(boxes, data.samples.size());
}

// What one layer alone costs is more than nothing, and less than a broken network.
TEST(QuantizedLayer, CostsALittle) {
  const Dataset data = read_dataset(OCTET_SOURCE_DIR "/samples/coco/data.yaml", {});
  Model model = read_model(OCTET_SOURCE_DIR "/samples/yolov8n.safetensors");
  model = fold_batch_norm(std::move(model));
  const Placement placement = place_quantizers(model);
  const CalibrationOptions options{.side = 64, .pictures = 2, .tried = 1};
  const Calibration c = calibrate(model, placement, data, options);
  const auto ranking = rank_layers(model, placement, c, data, options);
  EXPECT_EQ(ranking.size(), placement.convs.size());
  EXPECT_GT(ranking.front().distance, 0);
  EXPECT_GE(ranking.front().distance, ranking.back().distance);
  EXPECT_LT(ranking.back().distance, 0.01);
}

}  // namespace
}  // namespace octet
