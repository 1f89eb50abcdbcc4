#include "detect/people.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "testing/testing.h"

namespace octet {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;

ModelInfo info_with(std::vector<std::string> names) {
  ModelInfo info;
  info.names = std::move(names);
  return info;
}

TEST(People, AreThePersonsOrTheOnlyClass) {
  EXPECT_EQ(person_class(info_with({"car", "person"}), "m"), 1);
  EXPECT_EQ(person_class(info_with({"worker"}), "m"), 0);
}

TEST(People, AModelWithoutThemIsRefusedWithItsClasses) {
  EXPECT_EQ(error_of([] {
              (void)person_class(info_with({"car", "bus"}), "cars.onnx");
            }),
            "cars.onnx: has no class 'person', whose keypoints --pose could find; its classes are "
            "car, bus");
  ModelInfo pose = info_with({"person"});
  pose.task = Task::kPose;
  EXPECT_THAT(error_of([&] { (void)person_class(pose, "p.onnx"); }),
              HasSubstr("p.onnx: finds keypoints itself; leave --pose out"));
}

Detection box_of(float side, float confidence, int class_index = 0) {
  return {
      .box = {10, 10, 10 + side, 10 + side}, .class_index = class_index, .confidence = confidence};
}

TEST(People, LargeAndSureOnesComeFirst) {
  Detections found;
  found.items = {box_of(300, 0.95F, 1), box_of(10, 0.9F), box_of(100, 0.5F), box_of(100, 0.8F),
                 box_of(100, 0.5F)};
  std::vector<size_t> chosen;
  EXPECT_EQ(choose_people(found, 0, 3, chosen), 4);
  EXPECT_THAT(chosen, ElementsAre(3, 2, 4));
  EXPECT_EQ(choose_people(found, 1, 3, chosen), 1);
  EXPECT_THAT(chosen, ElementsAre(0));
  EXPECT_EQ(choose_people(found, 2, 3, chosen), 0);
  EXPECT_TRUE(chosen.empty());
}

}  // namespace
}  // namespace octet
