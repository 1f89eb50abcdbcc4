#include "train/quantize/pose_agreement.h"

#include <gtest/gtest.h>

#include <cmath>

#include "eval/metric/coco_metric.h"

namespace octet {
namespace {

constexpr int kKeypoints = 17;
constexpr double kAway = 2;  // pixels of the input

// Points and their visibility, of an input of 64 pixels.
Model network() {
  Model m;
  m.info.task = Task::kRaw;
  m.graph.size = Size{64, 64};
  m.info.pose_head =
      PoseHead{.kind = PoseHeadKind::kRegression,
               .outputs = {{PosePart::kPoints, "points"}, {PosePart::kVisibility, "visibility"}}};
  for (const char* name : {"points", "visibility"})
    m.add_output({.value = name, .role = OutputRole::kRaw, .stride = 0, .raw = {.name = name}});
  return m;
}

std::vector<torch::Tensor> points_at(double place, double visibility, int64_t crops = 1) {
  return {torch::full({crops, 2 * kKeypoints, 1, 1}, place, torch::kFloat),
          torch::full({crops, kKeypoints, 1, 1}, visibility, torch::kFloat)};
}

// A person of 32 × 16 pixels is seen at a scale of 64 / 40.
const PictureCrop kPerson{.image = "a.jpg", .person = PixelBox{10, 20, 42, 36}, .margin = 1.25};

TEST(PoseAgreement, IsTheSimilarityOfThePersons) {
  auto found = points_at(20, 3);
  found[0].slice(1, 0, c10::nullopt, 2).add_(kAway);  // x alone
  const std::vector<PictureCrop> crops{kPerson};
  const PoseAgreement a = pose_agreement(network(), found, points_at(20, 3), crops);
  double wanted = 0;
  for (const double sigma : keypoint_sigmas(kKeypoints))
    wanted += std::exp(-std::pow(kAway / 1.6, 2) / (2 * 0.53 * 32 * 16 * 4 * sigma * sigma));
  ASSERT_TRUE(a.oks);
  EXPECT_NEAR(*a.oks, wanted / kKeypoints, 1e-5);
  EXPECT_NEAR(a.median, kAway / 64, 1e-6);
  EXPECT_NEAR(a.p95, kAway / 64, 1e-6);
  EXPECT_EQ(a.persons, 1);
  EXPECT_EQ(a.keypoints, kKeypoints);
}

TEST(PoseAgreement, CountsWhatTheFloatNetworkSees) {
  auto wanted = points_at(20, 3, 2);
  wanted[1][1].fill_(-3);                            // nothing of the second person
  wanted[1][0].slice(0, 5, c10::nullopt).fill_(-3);  // five keypoints of the first
  auto found = points_at(20, 3, 2);
  found[0][1].add_(30);
  found[0][0].slice(0, 10, c10::nullopt).add_(30);
  const std::vector<PictureCrop> crops{kPerson, kPerson};
  const PoseAgreement a = pose_agreement(network(), found, wanted, crops);
  EXPECT_EQ(a.persons, 1);
  EXPECT_EQ(a.keypoints, 5);
  EXPECT_NEAR(*a.oks, 1, 1e-6);
  EXPECT_EQ(a.p95, 0);
}

TEST(PoseAgreement, WholePicturesHaveNoBox) {
  const std::vector<PictureCrop> crops{{.image = "a.jpg"}};
  const PoseAgreement a = pose_agreement(network(), points_at(20, 3), points_at(20, 3), crops);
  EXPECT_FALSE(a.oks);
  EXPECT_EQ(a.persons, 1);
  const PoseAgreement none = pose_agreement(network(), points_at(20, 3), points_at(20, -3), crops);
  EXPECT_EQ(none.persons, 0);
  EXPECT_EQ(none.median, 0);
}

}  // namespace
}  // namespace octet
