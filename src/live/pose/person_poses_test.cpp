#include "live/pose/person_poses.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <random>

namespace octet {
namespace {

using testing::ElementsAre;

// A network with one keypoint in the middle of the box, which takes 10 ms and remembers whom it saw.
struct FakeNetwork {
  std::vector<float> seen;  // left sides of boxes
  double ms = 10;
  float shift = 0;  // of the keypoint

  PersonPoses::Find find() {
    return [this](const PixelBox& box, std::vector<Keypoint>& points) {
      seen.push_back(box.x1);
      points.assign(1, {(box.x1 + box.x2) / 2 + shift, (box.y1 + box.y2) / 2, 0.9F});
      return PersonPoses::Milliseconds(ms);
    };
  }
};

// People side by side; number 1 is the largest.
Detections people(const std::vector<int>& tracks) {
  Detections out;
  for (const int track : tracks) {
    const auto left = static_cast<float>(100 * track), size = static_cast<float>(90 - track);
    out.items.push_back({.box = {left, 0, left + size, size}, .confidence = 0.9F, .track = track});
  }
  return out;
}

PersonPoses::Frame at(double seconds, FrameDecision look = FrameDecision::kDetect) {
  return {.seconds = seconds, .look = look, .person_class = 0, .keypoints = 1};
}

TEST(PersonPoses, AllAreLookedAtWithoutABudget) {
  PersonPoses poses;
  FakeNetwork network;
  Detections found = people({3, 1, 2});
  found.items.push_back({.box = {0, 0, 500, 500}, .class_index = 1, .track = 9});
  const auto tally = poses.update(found, at(0), {}, network.find());
  EXPECT_EQ(tally.looked, 3);
  EXPECT_EQ(tally.skipped, 0);
  EXPECT_THAT(network.seen, ElementsAre(100, 200, 300)) << "the largest first";
  EXPECT_EQ(found.keypoints_per_object, 1);
  ASSERT_EQ(found.keypoints_of(1).size(), 1);
  EXPECT_FLOAT_EQ(found.keypoints_of(1)[0].x, 144.5F);
  EXPECT_TRUE(found.keypoints_of(3).empty()) << "is no person";
}

TEST(PersonPoses, UnderABudgetTheOldestPoseHasItsTurn) {
  PersonPoses poses;
  FakeNetwork network;
  const PeopleOptions options{.budget_ms = 25};
  Detections found = people({1, 2, 3, 4, 5});
  (void)poses.update(found, at(0), options, network.find());
  EXPECT_THAT(network.seen, ElementsAre(100, 200));
  EXPECT_TRUE(found.keypoints_of(2).empty()) << "was not seen yet";
  for (int frame = 1; frame < 5; ++frame) {
    found = people({1, 2, 3, 4, 5});
    const auto tally = poses.update(found, at(0.1 * frame), options, network.find());
    EXPECT_EQ(tally.looked, 2);
    EXPECT_EQ(tally.skipped, 3);
  }
  EXPECT_THAT(network.seen, ElementsAre(100, 200, 300, 400, 500, 100, 200, 300, 400, 500));
}

TEST(PersonPoses, OneHasATurnWhateverTheBudget) {
  PersonPoses poses;
  FakeNetwork network;
  network.ms = 1000;
  for (int frame = 0; frame < 3; ++frame) {
    Detections found = people({1, 2});
    EXPECT_EQ(poses.update(found, at(0.1 * frame), {.budget_ms = 1}, network.find()).looked, 1);
  }
  EXPECT_THAT(network.seen, ElementsAre(100, 200, 100));
}

TEST(PersonPoses, WhoWaitsKeepsKeypointsThatMoveWithTheBox) {
  PersonPoses poses;
  FakeNetwork network;
  network.shift = 10;
  Detections found = people({1, 2});
  (void)poses.update(found, at(0), {}, network.find());
  const float before = found.keypoints_of(1)[0].x;
  found = people({1, 2});
  found.items[1].box.x1 += 7;
  found.items[1].box.x2 += 7;
  const auto tally = poses.update(found, at(0.1), {.budget_ms = 1}, network.find());
  EXPECT_EQ(tally.looked, 1);
  EXPECT_FLOAT_EQ(found.keypoints_of(1)[0].x, before + 7);
  EXPECT_FLOAT_EQ(found.keypoints_of(1)[0].confidence, 0.9F);
}

TEST(PersonPoses, MoreThanTheMostHaveNone) {
  PersonPoses poses;
  FakeNetwork network;
  Detections found = people({4, 1, 2, 3});
  const auto tally = poses.update(found, at(0), {.most = 2}, network.find());
  EXPECT_EQ(tally.looked, 2);
  EXPECT_EQ(tally.skipped, 2);
  EXPECT_THAT(network.seen, ElementsAre(100, 200));
  EXPECT_TRUE(found.keypoints_of(0).empty());
  EXPECT_TRUE(found.keypoints_of(3).empty());
  EXPECT_EQ(found.keypoints_of(1).size(), 1);
}

TEST(PersonPoses, WhereNothingMovesOnlyNewPeopleAreLookedAt) {
  PersonPoses poses;
  FakeNetwork network;
  Detections found = people({1, 2});
  (void)poses.update(found, at(0), {.budget_ms = 1}, network.find());
  for (int frame = 1; frame < 4; ++frame) {
    found = people({1, 2});
    const auto tally = poses.update(found, at(0.1 * frame, FrameDecision::kStill), {.budget_ms = 1},
                                    network.find());
    EXPECT_EQ(tally.looked, frame == 1 ? 1 : 0);
    EXPECT_EQ(found.keypoints_of(0).size() + found.keypoints_of(1).size(), 2);
  }
  EXPECT_THAT(network.seen, ElementsAre(100, 200));
}

// Whoever was looked at before the movement ended may stand otherwise now.
TEST(PersonPoses, WhereNothingMovesAnyLongerEachIsLookedAtOnce) {
  PersonPoses poses;
  FakeNetwork network;
  const PeopleOptions options{.budget_ms = 1};
  for (int frame = 0; frame < 3; ++frame) {  // two have their turn while something moves
    Detections found = people({1, 2});
    (void)poses.update(found, at(0.1 * frame), options, network.find());
  }
  for (int frame = 3; frame < 6; ++frame) {
    Detections found = people({1, 2});
    (void)poses.update(found, at(0.1 * frame, FrameDecision::kStill), options, network.find());
  }
  EXPECT_THAT(network.seen, ElementsAre(100, 200, 100, 200)) << "the last as nothing moved";
}

// A skipped detection saves looks as well: keypoints go with the box of the track.
TEST(PersonPoses, OnAFrameWithoutDetectionOnlyNewPeopleAreLookedAt) {
  PersonPoses poses;
  FakeNetwork network;
  Detections found = people({1, 2});
  (void)poses.update(found, at(0), {.budget_ms = 1}, network.find());
  for (int frame = 1; frame < 4; ++frame) {
    found = people({1, 2});
    found.items[0].box.x1 += 7;
    found.items[0].box.x2 += 7;
    const auto tally = poses.update(found, at(0.1 * frame, FrameDecision::kTrack), {.budget_ms = 1},
                                    network.find());
    EXPECT_EQ(tally.looked, frame == 1 ? 1 : 0);
    EXPECT_EQ(tally.skipped, 0);
    EXPECT_FLOAT_EQ(found.keypoints_of(0)[0].x, 144.5F + 7);
  }
  EXPECT_THAT(network.seen, ElementsAre(100, 200));
}

// Frames may come more rarely than an unseen track is kept.
TEST(PersonPoses, TurnsGoRoundOnSlowCameras) {
  PersonPoses poses;
  FakeNetwork network;
  for (int frame = 0; frame < 6; ++frame) {
    Detections found = people({1, 2, 3});
    (void)poses.update(found, at(1.5 * frame), {.budget_ms = 1}, network.find());
    for (int person = 0; person <= std::min(frame, 2); ++person)
      EXPECT_FALSE(found.keypoints_of(static_cast<size_t>(person)).empty()) << frame;
  }
  EXPECT_THAT(network.seen, ElementsAre(100, 200, 300, 100, 200, 300));
  Detections none = people({1, 3});
  (void)poses.update(none, at(9), {.budget_ms = 1}, network.find());
  (void)poses.update(none, at(10.5), {.budget_ms = 1}, network.find());
  network.seen.clear();
  Detections found = people({1, 2, 3});
  (void)poses.update(found, at(12), {.budget_ms = 1}, network.find());
  EXPECT_THAT(network.seen, ElementsAre(200)) << "as one who never had a turn";
}

TEST(PersonPoses, AfterAnOutageAllAreStrangers) {
  PersonPoses poses;
  FakeNetwork network;
  Detections found = people({1, 2});
  (void)poses.update(found, at(0), {}, network.find());
  found = people({1, 2});
  (void)poses.update(found, at(60), {.budget_ms = 1}, network.find());
  EXPECT_EQ(found.keypoints_of(0).size(), 1);
  EXPECT_TRUE(found.keypoints_of(1).empty());
}

TEST(PersonPoses, AnEndedTrackLeavesNothingBehind) {
  PersonPoses poses;
  FakeNetwork network;
  const PeopleOptions options{.budget_ms = 1};
  Detections found = people({1, 2});
  (void)poses.update(found, at(0), options, network.find());
  found = people({1, 2});
  (void)poses.update(found, at(0.1), options, network.find());
  Detections none = people({1});
  (void)poses.update(none, at(0.6), options, network.find());  // the track may come back
  (void)poses.update(none, at(1.2), options, network.find());  // it has ended
  found = people({1, 2});
  network.seen.clear();
  (void)poses.update(found, at(1.3), options, network.find());
  EXPECT_THAT(network.seen, ElementsAre(200)) << "as one who never had a turn";
}

// The network's noise falls while a person rests, and a quick movement is followed.
TEST(PersonPoses, SmoothKeypointsRestAndFollow) {
  PersonPoses poses;
  FakeNetwork network;
  std::mt19937 random(1);
  std::normal_distribution<float> noise(0, 2);
  const PeopleOptions smooth{.smooth = true};
  double raw = 0, smoothed = 0;
  int frame = 0;
  const auto step = [&] {
    Detections found = people({1});
    (void)poses.update(found, at(frame++ / 30.0), smooth, network.find());
    return found.keypoints_of(0)[0].x - 144.5F;
  };
  for (int i = 0; i < 300; ++i) {
    network.shift = noise(random);
    const float shown = step();
    if (i < 30) continue;
    raw += std::pow(network.shift, 2);
    smoothed += std::pow(shown, 2);
  }
  EXPECT_LT(smoothed, raw / 2);
  network.shift = 80;  // nearly the height of the person
  float shown = 0;
  for (int i = 0; i < 6; ++i) shown = step();
  EXPECT_NEAR(shown, 80, 8);
}

// Whoever was lost and comes back begins anew.
TEST(OneEuroFilter, TakesTheFirstValueAsItIs) {
  OneEuroFilter filter;
  EXPECT_EQ(filter.see(7, 0, 1, {}), 7);
  EXPECT_EQ(filter.see(7, 0.1, 1, {}), 7);
}

// By hand: speed 10 a second, of which 1 / (1 + 1 / (2π · 0.1)) counts; then the cutoff's share.
TEST(OneEuroFilter, IsTheOneOfThePaper) {
  OneEuroFilter filter;
  (void)filter.see(0, 0, 1, {});
  const double tau = 1 / (2 * 3.141592653589793);
  const double speed = 10 / (1 + tau / 0.1);
  const double cutoff = 1.5 + 5 * speed;
  EXPECT_NEAR(filter.see(1, 0.1, 1, {}), 1 / (1 + tau / cutoff / 0.1), 1e-9);
  OneEuroFilter coarse;  // the same in pixels of a person a hundred times as high
  (void)coarse.see(0, 0, 100, {});
  EXPECT_NEAR(coarse.see(100, 0.1, 100, {}), 100 / (1 + tau / cutoff / 0.1), 1e-9);
}

}  // namespace
}  // namespace octet
