#include "live/policy/frame_policy.h"

#include <gtest/gtest.h>

namespace octet {
namespace {

constexpr float kConfidence = 0.25F;
constexpr double kFrame = 0.1;  // seconds

// A camera that always sees one object in the same place.
class Played {
 public:
  FramePolicy policy{FramePolicyOptions{}};

  // Returns the number of the object, or −1, and whether the detector looked.
  std::pair<int64_t, FrameDecision> next() {
    Detections out;
    const FrameDecision look = policy.look(picture_, time_, out);
    if (look == FrameDecision::kDetect) {
      out.items = {{.box = {10, 10, 50, 90}, .confidence = 0.9F}};
      policy.found(out, time_, kConfidence);
    }
    time_ += kFrame;
    return {out.items.at(0).track, look};
  }

 private:
  Picture picture_{.is_video = false};
  double time_ = 0;
};

TEST(FramePolicy, FollowsObjectsAsLongAsItIsRequired) {
  Played played;
  EXPECT_EQ(played.next().first, -1);
  EXPECT_EQ(played.policy.least_confidence(kConfidence), kConfidence);
  played.policy.require_tracks(true);
  EXPECT_EQ(played.policy.least_confidence(kConfidence), kWeakConfidence);
  const int64_t track = played.next().first;
  EXPECT_GE(track, 0);
  EXPECT_EQ(played.next().first, track);
  played.policy.require_tracks(false);
  EXPECT_EQ(played.next().first, -1);
  EXPECT_EQ(played.policy.least_confidence(kConfidence), kConfidence);
  played.policy.require_tracks(true);
  EXPECT_GT(played.next().first, track) << "nobody knows whether it is the same";
}

TEST(FramePolicy, FollowsObjectsAsLongAsFramesAreSkipped) {
  Played played;
  EXPECT_EQ(played.next().first, -1);
  for (const auto& [frames, least] : {std::pair{1, 0}, {kAutoSkip, 0}, {0, 1}}) {
    played.policy.set_skip(frames, least);
    const int64_t track = played.next().first;
    EXPECT_GE(track, 0);
    if (frames != kAutoSkip) {
      EXPECT_EQ(played.next().second, FrameDecision::kTrack);
    }
    played.policy.set_skip(0);
    for (int i = 0; i < 3; ++i) {
      const auto shown = played.next();
      EXPECT_EQ(shown.first, -1);
      EXPECT_EQ(shown.second, FrameDecision::kDetect);
    }
  }
}

}  // namespace
}  // namespace octet
