#include "tune/look/agreement.h"

#include <gtest/gtest.h>

#include <nlohmann/json.hpp>

#include "testing/testing.h"

namespace octet {
namespace {

Detections boxes(const std::vector<Detection>& items) { return {.items = items}; }
Detection box(int class_index, float x, float confidence = 0.9F) {
  return {.box = {x, 10, x + 100, 110}, .class_index = class_index, .confidence = confidence};
}

TEST(Agreement, OfAModelWithItselfIsOne) {
  const std::vector<Detections> same{boxes({box(0, 0), box(1, 200, 0.5F), box(0, 400, 0.1F)}),
                                     boxes({box(0, 50)}), boxes({})};
  EXPECT_NEAR(agreement(same, same).value(), 1, 1e-9);
}

TEST(Agreement, FallsWithMovedMissingAndAddedBoxes) {
  const std::vector<Detections> reference{boxes({box(0, 0), box(0, 300)})};
  const double moved = agreement(reference, {boxes({box(0, 12), box(0, 312)})}).value();
  EXPECT_LT(moved, 0.9);
  EXPECT_GT(moved, 0.3);
  EXPECT_NEAR(agreement(reference, {boxes({box(0, 0)})}).value(), 0.5, 0.02);
  EXPECT_LT(agreement(reference, {boxes({box(0, 600, 0.95F), box(0, 0), box(0, 300)})}).value(),
            0.9);
  EXPECT_EQ(agreement(reference, {boxes({})}).value(), 0);
  EXPECT_EQ(agreement(reference, {boxes({box(1, 0), box(1, 300)})}).value(), 0) << "another class";
}

TEST(Agreement, AClassThatWasSeenOnceDoesNotDecide) {
  std::vector<Detections> reference, found;
  for (int i = 0; i < 19; ++i) {
    reference.push_back(boxes({box(0, 0)}));
    found.push_back(boxes({box(0, 0)}));
  }
  reference.push_back(boxes({box(7, 0)}));
  found.push_back(boxes({}));
  EXPECT_NEAR(agreement(reference, found).value(), 0.95, 1e-6);
}

TEST(Agreement, IsUnknownWhereTheReferenceSeesNothing) {
  EXPECT_FALSE(agreement({boxes({}), boxes({box(0, 0, 0.1F)})}, {boxes({box(0, 0)}), boxes({})}));
  EXPECT_FALSE(agreement({}, {}));
}

TEST(Agreement, OfKeypoints) {
  Detections pose = boxes({box(0, 0)});
  pose.keypoints_per_object = 2;
  pose.keypoints = {{20, 30, 0.9F}, {60, 80, 0.9F}};
  Detections other = pose;
  EXPECT_NEAR(agreement({pose}, {other}).value(), 1, 1e-9);
  other.keypoints[0].x += 60;
  other.keypoints[1].y += 60;
  EXPECT_LT(agreement({pose}, {other}).value(), 0.5);
}

TEST(Pack, IsUndoneByUnpack) {
  Detections pose = boxes({box(3, 7, 0.5F), box(0, 1, 0.25F)});
  pose.keypoints_per_object = 2;
  pose.keypoints = {{1, 2, 0.5F}, {3, 4, 1}, {5, 6, 0}, {7, 8, 0.25F}};
  const Detections back = unpack(pack(pose));
  ASSERT_EQ(back.items.size(), 2U);
  EXPECT_EQ(back.items[0].class_index, 3);
  EXPECT_EQ(back.items[0].confidence, 0.5F);
  EXPECT_EQ(back.items[1].box.x2, 101);
  EXPECT_EQ(back.keypoints_of(1)[1].x, 7);
  EXPECT_NE(error_of([] { (void)unpack(nlohmann::ordered_json::parse("[[1,2,3]]")); }), "");
}

}  // namespace
}  // namespace octet
