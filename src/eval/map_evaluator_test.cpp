#include "eval/map_evaluator.h"

#include <gtest/gtest.h>

#include <random>

#include "eval/metric/box_overlap.h"
#include "vision/box.h"

namespace octet {
namespace {

constexpr Size kPicture{200, 100};

// One object in the middle, as a fraction of the picture, with one keypoint.
Sample sample() {
  TruthObject object{.class_index = 0, .box = {0.25, 0.25, 0.75, 0.75}};
  object.keypoints = {{.x = 0.5, .y = 0.5, .visibility = 2}};
  return {.image = "a.jpg", .relative = true, .objects = {object}};
}

Detections detection(float keypoint_x) {
  Detections found{.items = {{.box = {50, 25, 150, 75}, .confidence = 0.9F}},
                   .keypoints = {{.x = keypoint_x, .y = 50}},
                   .keypoints_per_object = 1};
  return found;
}

TEST(MapEvaluator, MeasuresInPixelsOfThePicture) {
  MapEvaluator evaluator({.task = Task::kDetect, .names = {"a"}});
  const auto& truth = evaluator.add(sample(), kPicture, detection(100));
  ASSERT_EQ(truth.size(), 1U);
  EXPECT_EQ(truth[0].box.x1, 50);
  EXPECT_EQ(truth[0].box.y2, 75);
  EXPECT_NEAR(evaluator.boxes().summary().map50_95, 1, 1e-9);
  EXPECT_EQ(&evaluator.main(), &evaluator.boxes());
  EXPECT_EQ(evaluator.keypoints().images(), 0U);
}

TEST(MapEvaluator, OfPoseTheMainMetricIsOfKeypoints) {
  MapEvaluator evaluator(
      {.task = Task::kPose, .names = {"a"}, .head = {.keypoints = 1, .keypoint_dims = 3}});
  evaluator.add(sample(), kPicture, detection(0));  // the box is right, its keypoint is not
  EXPECT_NEAR(evaluator.boxes().summary().map50_95, 1, 1e-9);
  EXPECT_LT(evaluator.main().summary().map50_95, 0.5);
  EXPECT_EQ(std::move(evaluator).take_main().images(), 1U);
}

// The metric's overlap, in double, and the detector's, in float.
TEST(BoxOverlap, FloatAndDoubleAreTheSame) {
  std::mt19937 random(7);
  std::uniform_real_distribution<float> any(0, 50);
  int overlapping = 0;
  for (int i = 0; i < 2000; ++i) {
    const float x = any(random), y = any(random), u = any(random), v = any(random);
    const PixelBox a{x, y, x + any(random), y + any(random)};
    const PixelBox b{u, v, u + any(random), v + any(random)};
    const double wide = intersection_over_union(to_truth_box(a), to_truth_box(b));
    EXPECT_NEAR(wide, intersection_over_union(a, b), 1e-5);
    overlapping += wide > 0 ? 1 : 0;
  }
  EXPECT_GT(overlapping, 200);
  EXPECT_DOUBLE_EQ(intersection_over_union(TruthBox{0, 0, 2, 2}, TruthBox{1, 1, 3, 3}), 1.0 / 7);
  EXPECT_EQ(intersection_over_union(TruthBox{0, 0, 1, 1}, TruthBox{1, 0, 2, 1}), 0);
}

}  // namespace
}  // namespace octet
