#include "eval/found_as_truth.h"

#include <gtest/gtest.h>

namespace octet {
namespace {

TEST(FoundAsTruth, LeavesOutWhatTheNetworkIsNotSureOf) {
  const Detections found{.items = {{.box = {10, 10, 110, 60}, .class_index = 3, .confidence = 0.9F},
                                   {.box = {0, 0, 9, 9}, .class_index = 3, .confidence = 0.1F}},
                         .keypoints = {{20, 30, 0.9F}, {0, 0, 0.1F}, {1, 1, 0.9F}, {2, 2, 0.9F}},
                         .keypoints_per_object = 2};
  const auto labels = found_as_truth(found);
  ASSERT_EQ(labels.size(), 1U);
  EXPECT_EQ(labels[0].class_index, 3);
  EXPECT_DOUBLE_EQ(labels[0].box_area, 5000);
  EXPECT_DOUBLE_EQ(labels[0].keypoint_area, 0.53 * 5000);
  ASSERT_EQ(labels[0].keypoints.size(), 2U);
  EXPECT_EQ(labels[0].keypoints[0].visibility, 2);
  EXPECT_EQ(labels[0].keypoints[1].visibility, 0) << "a guess is no label";
}

}  // namespace
}  // namespace octet
