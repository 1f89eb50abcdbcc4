#include "train/loss/raw_distance.h"

#include <gtest/gtest.h>

#include <cmath>

#include "train/loss/divergence.h"

namespace octet {
namespace {

constexpr int64_t kKeypoints = 3;
constexpr int kSide = 8;

// A network of 64 pixels with outputs of these parts, named by them; a part without a head has the
// name "other".
Model network(const std::vector<PosePart>& parts) {
  Model m;
  m.info.task = Task::kRaw;
  m.graph.size = Size{64, 64};
  PoseHead head{.keypoints = kKeypoints};
  for (const PosePart part : parts) {
    const std::string name(pose_part_name(part));
    head.outputs[part] = name;
    m.add_output({.value = name, .role = OutputRole::kRaw, .stride = 0, .raw = {.name = name}});
  }
  m.info.pose_head = head;
  return m;
}

Model without_head() {
  Model m = network({PosePart::kHeatmap});
  m.info.pose_head.reset();
  return m;
}

torch::Tensor map(int64_t channels, double value) {
  return torch::full({1, channels, kSide, kSide}, value, torch::kDouble);
}

// Logits of heat maps with one peak each, at (3, 4).
torch::Tensor peaked(double peak = 2, double floor = -6) {
  torch::Tensor t = map(kKeypoints, floor);
  t.select(2, 3).select(2, 4).fill_(peak);
  return t;
}

double distance(const Model& m, const std::vector<torch::Tensor>& a,
                const std::vector<torch::Tensor>& b) {
  return RawDistance(m, b)(a, b).item<double>();
}

TEST(RawDistance, EqualOutputsHaveNone) {
  torch::manual_seed(1);
  const Model m = network({PosePart::kHeatmap, PosePart::kOffset, PosePart::kCentre,
                           PosePart::kRegress, PosePart::kPresence});
  const auto random = [](int64_t channels) {
    return torch::randn({2, channels, kSide, kSide}, torch::kDouble);
  };
  const std::vector<torch::Tensor> outputs{random(3), random(6), random(1), random(6),
                                           torch::rand({2, 1, 1, 1}, torch::kDouble)};
  EXPECT_NEAR(distance(m, outputs, outputs), 0, 1e-12);
  EXPECT_EQ(RawDistance(m, outputs).parts(outputs, outputs).size(), 5U);
}

// What no decoder sees costs next to nothing; a lower peak and a second one do.
TEST(RawDistance, HeatMapsCountAtTheirPeaks) {
  const Model m = network({PosePart::kHeatmap});
  const double floor = distance(m, {peaked(2, -6.5)}, {peaked()});
  const double lower = distance(m, {peaked(0)}, {peaked()});
  torch::Tensor other = peaked();
  other.select(2, 6).select(2, 1).fill_(2.5);
  const double second = distance(m, {other}, {peaked()});
  EXPECT_LT(floor * 100, lower);
  EXPECT_GT(second, lower);
}

TEST(RawDistance, ScoreOfAPeakIsASquaredError) {
  const Model m = network({PosePart::kHeatmap});
  const auto sigmoid = [](double x) { return 1 / (1 + std::exp(-x)); };
  const RawDistance score(m, {peaked()}, {.score = 1, .place = 0});
  EXPECT_NEAR(score({peaked(0)}, {peaked(2)}).item<double>(), std::pow(sigmoid(2) - sigmoid(0), 2),
              1e-9);
}

// Only the cell of the peak counts. 0.5 cells of x: bent at a quarter, 0.5 − 0.125.
TEST(RawDistance, OffsetsCountAtThePeak) {
  const Model m = network({PosePart::kHeatmap, PosePart::kOffset});
  const torch::Tensor wanted = map(2 * kKeypoints, 0);
  torch::Tensor far = wanted.clone(), near = wanted.clone();
  far.select(2, 6).select(2, 1).fill_(5);
  near.select(2, 3).select(2, 4).select(1, 0).fill_(0.5);  // of the first keypoint
  EXPECT_LT(distance(m, {peaked(), far}, {peaked(), wanted}), 1e-3);
  EXPECT_NEAR(distance(m, {peaked(), near}, {peaked(), wanted}), 0.375 / 3, 1e-3);
}

// The same error, counted in pixels of a network with cells of 8 pixels.
TEST(RawDistance, OffsetsInPixelsAreCellsToo) {
  Model m = network({PosePart::kHeatmap, PosePart::kOffset});
  const torch::Tensor wanted = map(2 * kKeypoints, 0);
  const double cells = distance(m, {peaked(), wanted + 0.5}, {peaked(), wanted});
  m.info.pose_head->offset_in_pixels = true;
  EXPECT_NEAR(distance(m, {peaked(), wanted + 4}, {peaked(), wanted}), cells, 1e-9);
}

// All of the first axis, then all of the second: the numbers of a keypoint are K apart.
TEST(RawDistance, KnowsWhichNumbersBelongToAKeypoint) {
  Model m = network({PosePart::kHeatmap, PosePart::kOffset});
  torch::Tensor heat = peaked();
  heat.select(1, 0).fill_(-6);
  heat.select(1, 0).select(1, 7).select(1, 7).fill_(2);  // the first has its peak elsewhere
  const torch::Tensor wanted = map(2 * kKeypoints, 0);
  torch::Tensor found = wanted.clone();
  found.select(1, 3).select(1, 7).select(1, 7).fill_(1);
  EXPECT_LT(distance(m, {heat, found}, {heat, wanted}), 1e-3);
  m.info.pose_head->pairs = false;
  EXPECT_NEAR(distance(m, {heat, found}, {heat, wanted}), 0.875 / 3, 1e-3);
}

// 0.64 pixels are 0.01 of the side: half of that, times the gain.
TEST(RawDistance, PointsAreInPartsOfTheSide) {
  const Model m = network({PosePart::kPoints});
  const torch::Tensor wanted = torch::full({1, 6, 1, 1}, 20.0, torch::kDouble);
  EXPECT_NEAR(distance(m, {wanted + 0.64}, {wanted}), 0.005 * RawGains{}.points, 1e-9);
}

TEST(RawDistance, OtherNumbersOfPointsStayRaw) {
  Model m = network({PosePart::kPoints});
  m.info.pose_head->point_numbers = 3;
  torch::Tensor wanted = torch::rand({4, 9, 1, 1}, torch::kDouble);
  torch::Tensor found = wanted.clone();
  found.select(1, 2).add_(1);
  const double moved = distance(m, {found}, {wanted});
  EXPECT_GT(moved, 0);
  EXPECT_LT(moved, 10);
}

TEST(RawDistance, PresenceIsALogitOrAProbability) {
  Model m = network({PosePart::kPresence});
  const torch::Tensor wanted = torch::full({1, 1, 1, 1}, 1.5, torch::kDouble);
  const torch::Tensor found = torch::full({1, 1, 1, 1}, -0.5, torch::kDouble);
  m.info.pose_head->presence_is_logit = true;
  const double logits = distance(m, {found}, {wanted});
  m.info.pose_head->presence_is_logit = false;
  EXPECT_NEAR(distance(m, {found.sigmoid()}, {wanted.sigmoid()}), logits, 1e-9);
  EXPECT_NEAR(logits, bernoulli_divergence(found, wanted).item<double>(), 1e-12);
}

TEST(RawDistance, OutputsWithoutAMeaningAreRelative) {
  const Model m = without_head();
  const torch::Tensor wanted =
      torch::tensor({-1.0, 1.0, -1.0, 1.0}, torch::kDouble).view({1, 1, 2, 2});
  EXPECT_NEAR(distance(m, {wanted + 0.5}, {wanted}), 0.25, 1e-6);
  EXPECT_NEAR(distance(m, {(wanted + 0.5) * 7}, {wanted * 7}), 0.25, 1e-6);
}

// An image alone, whose output is one number, has no variance of its own.
TEST(RawDistance, OneNumberIsMeasuredByThoseOfOtherImages) {
  const Model m = without_head();
  const auto number = [](double value) { return torch::full({1, 1, 1, 1}, value, torch::kDouble); };
  const torch::Tensor usual = torch::tensor({8.0, 12.0}, torch::kDouble).view({2, 1, 1, 1});
  EXPECT_NEAR(RawDistance(m, {usual})({number(11)}, {number(10)}).item<double>(), 0.25, 1e-9);
  for (const double size : {1e-3, 1.0, 1e4}) {  // the same on all images: a hundredth of it counts
    const torch::Tensor same = torch::full({2, 1, 1, 1}, size, torch::kDouble);
    EXPECT_NEAR(RawDistance(m, {same})({number(1.01 * size)}, {number(size)}).item<double>(), 1,
                1e-6);
  }
  const torch::Tensor nothing = torch::zeros({2, 1, 1, 1}, torch::kDouble);
  EXPECT_NEAR(RawDistance(m, {nothing})({number(0.1)}, {number(0)}).item<double>(), 0.01, 1e-9);
}

// Also of outputs that are constant or far from each other.
TEST(RawDistance, GradientsAreFinite) {
  Model m = network({PosePart::kHeatmap, PosePart::kOffset, PosePart::kCentre, PosePart::kRegress,
                     PosePart::kPoints, PosePart::kVisibility, PosePart::kPresence});
  m.info.pose_head->point_numbers = 3;
  for (const double value : {-80.0, 0.0, 80.0}) {
    std::vector<torch::Tensor> student, teacher;
    for (const int64_t channels : {3, 6, 1, 6})
      student.push_back(map(channels, value).requires_grad_(true));
    for (const int64_t channels : {9, 3, 1})
      student.push_back(
          torch::full({1, channels, 1, 1}, value, torch::kDouble).requires_grad_(true));
    for (const torch::Tensor& t : student) teacher.push_back(torch::zeros_like(t));
    const RawDistance between(m, teacher);
    between(student, teacher).backward();
    for (const torch::Tensor& t : student)
      EXPECT_TRUE(t.grad().isfinite().all().item<bool>()) << value;
  }
}

}  // namespace
}  // namespace octet
