#include "live/track/regions.h"

#include <gtest/gtest.h>

#include <cmath>

namespace octet {
namespace {

using Kind = RegionEvent::Kind;
const std::vector<std::string> kNames = {"person", "dog"};
constexpr Size kPicture{200, 100};

// An object whose lower edge's middle is at that share of the picture.
Detections at(float x, float y, int64_t track = 1, int class_index = 0) {
  Detections d;
  const float px = x * 200, py = y * 100;
  d.items.push_back({.box = {px - 5, py - 20, px + 5, py},
                     .class_index = class_index,
                     .confidence = 0.9F,
                     .track = track});
  return d;
}

RegionSpec zone(std::vector<std::string> classes = {}) {
  return {.zones = {{.name = "mat",
                     .corners = {{0.4F, 0.4F}, {0.6F, 0.4F}, {0.6F, 0.8F}, {0.4F, 0.8F}},
                     .classes = std::move(classes)}}};
}

// The line goes up the middle: right of it is the picture's right half.
RegionSpec line() {
  return {.lines = {{.name = "gate", .from = {0.5F, 0.9F}, .to = {0.5F, 0.1F}}}};
}

TEST(Regions, AZoneIsEnteredAndLeftOnce) {
  Regions regions(zone());
  std::vector<Kind> seen;
  double time = 0;
  for (const float x :
       {0.1F, 0.41F, 0.39F, 0.45F, 0.5F, 0.55F, 0.59F, 0.61F, 0.59F, 0.7F, 0.8F, 0.9F}) {
    for (const RegionEvent& e : regions.update(at(x, 0.6F), kNames, kPicture, time += 0.1)) {
      seen.push_back(e.kind);
      EXPECT_EQ(e.region, "mat");
      EXPECT_EQ(e.class_name, "person");
      EXPECT_EQ(e.track, 1);
    }
  }
  EXPECT_EQ(seen, (std::vector{Kind::kEntered, Kind::kLeft}));
  EXPECT_EQ(regions.counts().zones[0].inside, 0);
  EXPECT_EQ(regions.counts().zones[0].entered, 1);
}

TEST(Regions, WhoIsNotSeenForLongHasLeft) {
  Regions regions(zone());
  for (int i = 0; i < 3; ++i) (void)regions.update(at(0.5F, 0.6F), kNames, kPicture, 0.1 * i);
  EXPECT_EQ(regions.counts().zones[0].inside, 1);
  EXPECT_TRUE(regions.update({}, kNames, kPicture, 2.0).empty());
  const auto& events = regions.update({}, kNames, kPicture, 2.3);
  ASSERT_EQ(events.size(), 1U);
  EXPECT_EQ(events[0].kind, Kind::kLeft);
  EXPECT_EQ(regions.counts().zones[0].inside, 0);
}

TEST(Regions, OnlyTheClassesAskedFor) {
  Regions regions(zone({"dog"}));
  for (int i = 0; i < 5; ++i) {
    Detections both = at(0.5F, 0.6F, 1, 0);
    both.items.push_back(at(0.5F, 0.6F, 2, 1).items[0]);
    (void)regions.update(both, kNames, kPicture, 0.1 * i);
  }
  EXPECT_EQ(regions.counts().zones[0].inside, 1);
}

TEST(Regions, ClassesThatTheModelLacksAreNamed) {
  RegionSpec spec = zone({"dog", "persn"});
  spec.lines.push_back({.name = "door", .from = {0, 0}, .to = {1, 1}, .classes = {"cat", "persn"}});
  EXPECT_EQ(unknown_classes(spec, kNames), (std::vector<std::string>{"cat", "persn"}));
  EXPECT_TRUE(unknown_classes(zone({"dog"}), kNames).empty());
}

TEST(Regions, ALineTellsItsDirections) {
  Regions regions(line());
  double time = 0;
  const auto walk = [&](int64_t track, float from, float to, float y) {
    for (int i = 0; i <= 10; ++i)
      (void)regions.update(at(std::lerp(from, to, 0.1F * static_cast<float>(i)), y, track), kNames,
                           kPicture, time += 0.1);
  };
  walk(1, 0.2F, 0.8F, 0.5F);
  walk(2, 0.3F, 0.9F, 0.5F);
  walk(3, 0.8F, 0.2F, 0.5F);
  walk(4, 0.2F, 0.8F, 0.95F);  // passes below its end
  EXPECT_EQ(regions.counts().lines[0].to_right, 2);
  EXPECT_EQ(regions.counts().lines[0].to_left, 1);
}

TEST(Regions, WhoStandsOnALineDoesNotCrossItAgainAndAgain) {
  Regions regions(line());
  double time = 0;
  (void)regions.update(at(0.3F, 0.5F), kNames, kPicture, time);
  for (int i = 0; i < 50; ++i)
    (void)regions.update(at(i % 2 == 0 ? 0.495F : 0.505F, 0.5F), kNames, kPicture, time += 0.1);
  EXPECT_EQ(regions.counts().lines[0].to_right, 0);
  (void)regions.update(at(0.6F, 0.5F), kNames, kPicture, time += 0.1);
  EXPECT_EQ(regions.counts().lines[0].to_right, 1);
}

}  // namespace
}  // namespace octet
