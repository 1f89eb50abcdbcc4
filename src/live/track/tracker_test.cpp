#include "live/track/tracker.h"

#include <gtest/gtest.h>

#include <cmath>
#include <set>

#include "live/policy/frame_policy.h"
#include "vision/box.h"

namespace octet {
namespace {

constexpr float kConfident = 0.25F;

Detection at(float x, float y, float confidence = 0.9F, int class_index = 0) {
  return {.box = {x - 20, y - 40, x + 20, y + 40},
          .class_index = class_index,
          .confidence = confidence};
}

Detections found(std::vector<Detection> items) { return {.items = std::move(items)}; }

TEST(ConstantVelocityFilter, LearnsAnEvenMovement) {
  ConstantVelocityFilter value(0, 1);
  for (int i = 1; i <= 30; ++i) {
    value.advance(0.1, 0.1);
    value.see(5 * 0.1 * i, 1);
  }
  value.advance(1, 0.1);
  EXPECT_NEAR(value.place(), 20, 1);
}

TEST(Tracker, NumbersStayWhileObjectsPass) {
  Tracker tracker;
  std::set<int64_t> walker, stander;
  for (int i = 0; i < 60; ++i) {
    // One walks through the picture past another that stands, of another class.
    Detections d = found({at(50 + 5.0F * static_cast<float>(i), 200), at(200, 200, 0.8F, 1)});
    tracker.update(d, i / 30.0, kConfident);
    ASSERT_EQ(d.items.size(), 2U);
    walker.insert(d.items[0].track);
    stander.insert(d.items[1].track);
  }
  EXPECT_EQ(walker.size(), 1U);
  EXPECT_EQ(stander.size(), 1U);
  EXPECT_NE(*walker.begin(), *stander.begin());
}

TEST(Tracker, WeakDetectionsContinueAndDoNotBegin) {
  Tracker tracker;
  Detections weak = found({at(100, 100, 0.15F)});
  tracker.update(weak, 0, kConfident);
  EXPECT_TRUE(weak.items.empty());
  Detections sure = found({at(100, 100)});
  tracker.update(sure, 0.1, kConfident);
  const int64_t id = sure.items.at(0).track;
  weak = found({at(102, 100, 0.15F), at(400, 100, 0.15F)});
  tracker.update(weak, 0.2, kConfident);
  ASSERT_EQ(weak.items.size(), 1U);
  EXPECT_EQ(weak.items[0].track, id);
}

TEST(Tracker, PredictsAndForgets) {
  Tracker tracker;
  for (int i = 0; i <= 20; ++i) {
    Detections d = found({at(100 + 6.0F * static_cast<float>(i), 200)});
    tracker.update(d, i / 10.0, kConfident);
  }
  Detections predicted;
  tracker.predict(2.3, predicted);  // three steps on
  ASSERT_EQ(predicted.items.size(), 1U);
  EXPECT_GT(intersection_over_union(predicted.items[0].box, at(100 + 6 * 23, 200).box), 0.8F);
  // Hidden for half a second: the number stays. For two: it is another.
  const int64_t id = predicted.items[0].track;
  Detections none, again = found({at(100 + 6 * 27, 200)});
  tracker.update(none, 2.4, kConfident);
  EXPECT_EQ(tracker.surprise().lost, 1);
  tracker.predict(2.5, predicted);
  EXPECT_TRUE(predicted.items.empty());
  tracker.update(again, 2.7, kConfident);
  EXPECT_EQ(again.items.at(0).track, id);
  tracker.update(none, 3, kConfident);
  tracker.update(again, 5, kConfident);
  EXPECT_NE(again.items.at(0).track, id);
}

TEST(Tracker, KeypointsMoveWithTheirBox) {
  Tracker tracker;
  for (int i = 0; i <= 10; ++i) {
    const float x = 100 + 10.0F * static_cast<float>(i);
    Detections d{.items = {at(x, 200)}, .keypoints = {{x, 180, 0.7F}}, .keypoints_per_object = 1};
    tracker.update(d, i / 10.0, kConfident);
  }
  Detections predicted;
  tracker.predict(1.2, predicted);
  ASSERT_EQ(predicted.keypoints_of(0).size(), 1U);
  EXPECT_NEAR(predicted.keypoints_of(0)[0].x, 220, 5);
  EXPECT_NEAR(predicted.keypoints_of(0)[0].y, 180, 5);
}

// A grey picture in which a bright square moves.
class Scene {
 public:
  YuvView with_square_at(int x) {
    luma_.assign(luma_.size(), 100);
    for (int row = 64; row < 128; ++row)
      for (int column = x; column < x + 64; ++column)
        luma_[static_cast<size_t>(row) * 320 + static_cast<size_t>(column)] = 220;
    YuvView view{.planes = {luma_.data(), chroma_.data(), chroma_.data()},
                 .strides_bytes = {320, 160, 160},
                 .size = {320, 192}};
    return view;
  }

 private:
  std::vector<uint8_t> luma_ = std::vector<uint8_t>(320 * 192);
  std::vector<uint8_t> chroma_ = std::vector<uint8_t>(160 * 96, 128);
};

TEST(MotionGate, SeesWhatMovesAndLearnsWhatStays) {
  Scene scene;
  MotionGate gate;
  EXPECT_TRUE(gate.look(scene.with_square_at(0)).empty());
  EXPECT_TRUE(gate.look(scene.with_square_at(0)).empty());
  const auto moving = gate.look(scene.with_square_at(128));
  EXPECT_EQ(moving.size(), 32U);  // 16 cells that it left, 16 that it came to
  for (int i = 0; i < 300; ++i) (void)gate.look(scene.with_square_at(128));
  EXPECT_TRUE(gate.look(scene.with_square_at(128)).empty());
}

TEST(MotionGate, LooksOnlyWhereItIsTold) {
  const std::vector<Point> left{{0, 0}, {0.3F, 0}, {0.3F, 1}, {0, 1}};
  Scene scene;
  MotionGate gate({left});
  (void)gate.look(scene.with_square_at(0));
  EXPECT_EQ(gate.look(scene.with_square_at(128)).size(), 16U);  // what it left
  EXPECT_EQ(gate.look(scene.with_square_at(224)).size(), 16U);
  EXPECT_TRUE(gate.look(scene.with_square_at(0)).empty());
}

}  // namespace
}  // namespace octet
