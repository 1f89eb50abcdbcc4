#include "vision/pose_decode.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cmath>
#include <deque>
#include <limits>

#include "testing/testing.h"

namespace octet {
namespace {
using testing::HasSubstr;

constexpr float kLow = -10;  // a logit of nothing

float probability(float logit) { return 1 / (1 + std::exp(-logit)); }

// Outputs of a network, with their memory.
class Outputs {
 public:
  std::vector<float>& add(const std::string& name, const Shape& shape, float value) {
    ports_.push_back({.name = name, .shape = shape});
    return values_.emplace_back(static_cast<size_t>(element_count(shape)), value);
  }
  [[nodiscard]] std::vector<Port>& ports() { return ports_; }
  PersonPose decode(const PoseHead& head, Size input) {
    std::vector<TensorView> views;
    for (size_t i = 0; i < ports_.size(); ++i)
      views.push_back({.data = values_[i].data(), .shape = ports_[i].shape});
    PersonPose pose;
    PoseDecoder(CheckedPose(head, input, ports_)).decode(views, pose);
    return pose;
  }
  // The same numbers as int8 with the channels last. They have to be multiples of `scale`.
  PersonPose decode_int8(const PoseHead& head, Size input, float scale, int zero_point) {
    std::deque<std::vector<int8_t>> integers;
    std::vector<TensorView> views;
    for (size_t i = 0; i < ports_.size(); ++i) {
      Port& port = ports_[i];
      port.type = ElementType::kInt8;
      port.scale = scale;
      port.zero_point = zero_point;
      port.channels_last = true;
      const auto channels = static_cast<size_t>(port.shape[1]);
      const size_t cells = values_[i].size() / channels;
      auto& to = integers.emplace_back(values_[i].size());
      for (size_t c = 0; c < channels; ++c) {
        for (size_t cell = 0; cell < cells; ++cell)
          to[cell * channels + c] =
              static_cast<int8_t>(std::lround(values_[i][c * cells + cell] / scale) + zero_point);
      }
      views.push_back({.data = to.data(),
                       .type = ElementType::kInt8,
                       .shape = port.shape,
                       .scale = scale,
                       .zero_point = zero_point,
                       .channels_last = true});
    }
    PersonPose pose;
    PoseDecoder(CheckedPose(head, input, ports_)).decode(views, pose);
    return pose;
  }

 private:
  std::vector<Port> ports_;
  std::deque<std::vector<float>> values_;
};

PoseHead head_of(PoseHeadKind kind, std::map<PosePart, std::string> outputs, int keypoints) {
  PoseHead head;
  head.kind = kind;
  head.outputs = std::move(outputs);
  head.keypoints = keypoints;
  return head;
}

// ---- heat maps

PoseHead heatmap_head(int keypoints) {
  PoseHead head = head_of(PoseHeadKind::kHeatmap, {{PosePart::kHeatmap, "heat"}}, keypoints);
  head.logits = false;
  return head;
}

TEST(PoseDecode, APeakIsMovedByAQuarterToItsHigherNeighbour) {
  Outputs outputs;
  auto& heat = outputs.add("heat", {1, 2, 6, 8}, 0);
  heat[2 * 8 + 3] = 0.9F;
  heat[2 * 8 + 4] = 0.5F;       // to the right
  heat[1 * 8 + 3] = 0.2F;       // and up
  heat[48 + 5 * 8 + 0] = 0.4F;  // in a corner there is one neighbour only
  const PersonPose pose = outputs.decode(heatmap_head(2), {32, 24});
  EXPECT_FLOAT_EQ(pose.keypoints[0].x, (3 + 0.25F) * 4);
  EXPECT_FLOAT_EQ(pose.keypoints[0].y, (2 - 0.25F) * 4);
  EXPECT_FLOAT_EQ(pose.keypoints[0].confidence, 0.9F);
  EXPECT_FLOAT_EQ(pose.keypoints[1].x, 0);
  EXPECT_FLOAT_EQ(pose.keypoints[1].y, 5 * 4);
  EXPECT_FLOAT_EQ(pose.score, (0.9F + 0.4F) / 2);
}

// As PoseNet: 33 pixels in 5 cells of 8 pixels, all y before all x.
TEST(PoseDecode, OffsetsInPixelsAreAddedToThePeak) {
  Outputs outputs;
  auto& heat = outputs.add("heat", {1, 2, 5, 5}, kLow);
  auto& offset = outputs.add("offset", {1, 4, 5, 5}, 0);
  const size_t first = 1 * 5 + 3, second = 4 * 5 + 2;
  heat[first] = 2;
  heat[25 + second] = 1;
  offset[0 * 25 + first] = -1.5F;  // y of keypoint 0
  offset[2 * 25 + first] = 2.5F;   // x of keypoint 0
  offset[1 * 25 + second] = 5;
  offset[3 * 25 + second] = -6;
  PoseHead head = heatmap_head(2);
  head.outputs[PosePart::kOffset] = "offset";
  head.logits = true;
  head.pairs = false;
  head.offset_in_pixels = true;
  const PersonPose pose = outputs.decode(head, {33, 33});
  EXPECT_FLOAT_EQ(pose.keypoints[0].x, 3 * 8 + 2.5F);
  EXPECT_FLOAT_EQ(pose.keypoints[0].y, 1 * 8 - 1.5F);
  EXPECT_FLOAT_EQ(pose.keypoints[0].confidence, probability(2));
  EXPECT_FLOAT_EQ(pose.keypoints[1].x, 2 * 8 - 6);
  EXPECT_FLOAT_EQ(pose.keypoints[1].y, 4 * 8 + 5);

  head.y_first = false;
  EXPECT_FLOAT_EQ(outputs.decode(head, {33, 33}).keypoints[0].x, 3 * 8 - 1.5F);
  head.pairs = true;  // channels 0 and 1 are keypoint 0
  EXPECT_FLOAT_EQ(outputs.decode(head, {33, 33}).keypoints[0].y, 1 * 8 + 0);
}

// The last cell of a network of strides of two lies on the last pixel where the number of pixels is
// odd, also where it is a multiple of the cells. Others have pixels / cells.
TEST(PoseDecode, TheDistanceOfCellsFollowsFromTheStrides) {
  const auto stride = [](int pixels, int cells) {
    Outputs outputs;
    auto& heat = outputs.add("heat", {1, 1, cells, cells}, 0);
    heat.back() = 0.9F;
    const Keypoint last = outputs.decode(heatmap_head(1), {pixels, pixels}).keypoints[0];
    EXPECT_FLOAT_EQ(last.x, last.y);
    return last.x / static_cast<float>(cells - 1);
  };
  EXPECT_FLOAT_EQ(stride(225, 15), 16);
  EXPECT_FLOAT_EQ(stride(257, 17), 16);
  EXPECT_FLOAT_EQ(stride(33, 3), 16);
  EXPECT_FLOAT_EQ(stride(33, 5), 8);
  EXPECT_FLOAT_EQ(stride(65, 5), 16);
  EXPECT_FLOAT_EQ(stride(65, 9), 8);
  EXPECT_FLOAT_EQ(stride(192, 48), 4);
  EXPECT_FLOAT_EQ(stride(256, 64), 4);
  EXPECT_FLOAT_EQ(stride(96, 2), 48);
}

// ---- a centre

PoseHead centre_head(int keypoints) {
  return head_of(PoseHeadKind::kCentre,
                 {{PosePart::kHeatmap, "heat"},
                  {PosePart::kCentre, "centre"},
                  {PosePart::kRegress, "regress"},
                  {PosePart::kOffset, "offset"}},
                 keypoints);
}

// Two people: the one in the middle wins, and of two peaks of its keypoint the one that is close to
// the regressed position, though the other is higher.
void add_two_people(Outputs& outputs) {
  auto& heat = outputs.add("heat", {1, 1, 12, 12}, kLow);
  auto& centre = outputs.add("centre", {1, 1, 12, 12}, kLow);
  auto& regress = outputs.add("regress", {1, 2, 12, 12}, 0);
  auto& offset = outputs.add("offset", {1, 2, 12, 12}, 0);
  const auto cell = [](int x, int y) { return static_cast<size_t>(y * 12 + x); };
  centre[cell(6, 5)] = 1;
  centre[cell(0, 11)] = 2;
  regress[0 * 144 + cell(6, 5)] = 3;   // y
  regress[1 * 144 + cell(6, 5)] = -2;  // x: the keypoint is near (4, 8)
  heat[cell(5, 8)] = 1;
  heat[cell(0, 0)] = 4;
  offset[0 * 144 + cell(5, 8)] = 0.5F;
  offset[1 * 144 + cell(5, 8)] = 0.25F;
}

TEST(PoseDecode, TheCentreChoosesThePersonAndItsPeaks) {
  Outputs outputs;
  add_two_people(outputs);
  const PersonPose pose = outputs.decode(centre_head(1), {48, 48});
  ASSERT_EQ(pose.keypoints.size(), 1U);
  EXPECT_FLOAT_EQ(pose.keypoints[0].x, (5 + 0.25F) * 4);
  EXPECT_FLOAT_EQ(pose.keypoints[0].y, (8 + 0.5F) * 4);
  EXPECT_FLOAT_EQ(pose.keypoints[0].confidence, probability(1));
}

TEST(PoseDecode, IntegersGiveTheSame) {
  Outputs outputs;
  add_two_people(outputs);
  const PersonPose pose = outputs.decode_int8(centre_head(1), {48, 48}, 0.125F, 3);
  EXPECT_FLOAT_EQ(pose.keypoints[0].x, (5 + 0.25F) * 4);
  EXPECT_FLOAT_EQ(pose.keypoints[0].y, (8 + 0.5F) * 4);
  EXPECT_FLOAT_EQ(pose.keypoints[0].confidence, probability(1));
}

// ---- coordinates

PoseHead points_head(int keypoints, int numbers) {
  PoseHead head = head_of(PoseHeadKind::kRegression, {{PosePart::kPoints, "points"}}, keypoints);
  head.point_numbers = numbers;
  return head;
}

// The network has more points than keypoints.
TEST(PoseDecode, CoordinatesHaveTheLogitOfTheirVisibility) {
  Outputs outputs;
  auto& points = outputs.add("points", {1, 15}, 0);
  outputs.add("presence", {1, 1}, 0.75F);
  std::copy_n(std::vector<float>{10, 20, 5, 2, -3, 30, 40, 5, -1, 3}.begin(), 10, points.begin());
  PoseHead head = points_head(2, 5);
  PersonPose pose = outputs.decode(head, {64, 64});
  ASSERT_EQ(pose.keypoints.size(), 2U);
  EXPECT_FLOAT_EQ(pose.keypoints[1].x, 30);
  EXPECT_FLOAT_EQ(pose.keypoints[1].y, 40);
  EXPECT_FLOAT_EQ(pose.keypoints[1].confidence, probability(-1));
  EXPECT_FLOAT_EQ(pose.score, (probability(2) + probability(-1)) / 2);

  head.outputs[PosePart::kPresence] = "presence";
  EXPECT_FLOAT_EQ(outputs.decode(head, {64, 64}).score, 0.75F);
  head.presence_is_logit = true;
  EXPECT_FLOAT_EQ(outputs.decode(head, {64, 64}).score, probability(0.75F));
}

TEST(PoseDecode, VisibilityMayBeAnOutputOfItsOwn) {
  Outputs outputs;
  outputs.add("points", {1, 2, 2}, 7);
  auto& visibility = outputs.add("seen", {1, 2}, 0);
  visibility[1] = 3;
  PoseHead head = points_head(2, 2);
  EXPECT_FLOAT_EQ(outputs.decode(head, {64, 64}).keypoints[1].confidence, 1);
  head.outputs[PosePart::kVisibility] = "seen";
  EXPECT_FLOAT_EQ(outputs.decode(head, {64, 64}).keypoints[1].confidence, probability(3));
}

// ---- numbers and shapes that do not fit

TEST(PoseDecode, WhatIsNotFiniteIsNotSeen) {
  constexpr float kNan = std::numeric_limits<float>::quiet_NaN();
  Outputs outputs;
  auto& points = outputs.add("points", {1, 4}, kNan);
  points[2] = 1e30F;
  points[3] = 5;
  const PersonPose pose = outputs.decode(points_head(2, 2), {64, 32});
  EXPECT_FLOAT_EQ(pose.keypoints[0].x, 31.5F);
  EXPECT_FLOAT_EQ(pose.keypoints[0].y, 15.5F);
  EXPECT_FLOAT_EQ(pose.keypoints[0].confidence, 0);
  EXPECT_FLOAT_EQ(pose.keypoints[1].x, 128);  // as far out as a point may lie

  Outputs maps;
  for (const char* name : {"heat", "centre"}) maps.add(name, {1, 1, 4, 4}, kNan);
  for (const char* name : {"regress", "offset"}) maps.add(name, {1, 2, 4, 4}, kNan);
  EXPECT_FLOAT_EQ(maps.decode(centre_head(1), {16, 16}).score, 0);
}

// Each pair is drawn for every person of every frame.
TEST(PoseHead, ASkeletonHasAFewBonesForEachKeypoint) {
  PoseHead head = heatmap_head(2);
  head.skeleton.assign(8, {0, 1});
  EXPECT_EQ(error_of([&] { verify(head); }), "");
  head.skeleton.assign(1'000'000, {0, 1});
  EXPECT_EQ(error_of([&] { verify(head); }),
            "pose head: a skeleton of 1000000 pairs for 2 keypoints; 8 at most are possible");
}

TEST(PoseDecode, RefusesOutputsThatDoNotFit) {
  const auto refusal = [](const PoseHead& head, std::vector<Port> ports) {
    return error_of([&] { (void)CheckedPose(head, {48, 48}, ports); });
  };
  const auto maps = [](const Shape& heat, const Shape& offset) {
    return std::vector<Port>{{.name = "heat", .shape = heat},
                             {.name = "centre", .shape = {1, 1, 12, 12}},
                             {.name = "regress", .shape = {1, 4, 12, 12}},
                             {.name = "offset", .shape = offset}};
  };
  const PoseHead centre = centre_head(2);
  EXPECT_EQ(refusal(centre, maps({1, 2, 12, 12}, {1, 4, 12, 12})), "");
  EXPECT_EQ(refusal(centre, maps({1, 2, 12, 12}, {1, 4, 12, 11})),
            "the output 'offset' has the shape (1, 4, 12, 11); as 'offset' it needs "
            "(1, 4, 12, 12)");
  EXPECT_THAT(refusal(centre, maps({1, 1, 12, 12}, {1, 4, 12, 12})),
              HasSubstr("'heat' has the shape (1, 1, 12, 12)"));
  for (const Shape& hostile : std::vector<Shape>{
           {}, {2}, {1, 2, 0, 12}, {1, 2, -1, 12}, {1, 2, 12}, {1, 2, INT64_MAX, INT64_MAX}}) {
    EXPECT_THAT(refusal(centre, maps(hostile, {1, 4, 12, 12})), HasSubstr("the output 'heat'"));
  }
  EXPECT_THAT(refusal(centre, {{.name = "heat", .shape = {1, 2, 12, 12}}}),
              HasSubstr("the network lacks the output 'offset'"));
  auto bytes = maps({1, 2, 12, 12}, {1, 4, 12, 12});
  bytes[0].type = ElementType::kUint8;
  EXPECT_THAT(refusal(centre, bytes), HasSubstr("'heat' is uint8"));

  const PoseHead points = points_head(3, 5);
  EXPECT_EQ(refusal(points, {{.name = "points", .shape = {1, 20}}}), "");
  EXPECT_THAT(refusal(points, {{.name = "points", .shape = {1, 10}}}),
              HasSubstr("it needs 5 numbers for each of 3 keypoints"));
  EXPECT_THAT(refusal(points, {{.name = "points", .shape = {1, 16}}}), HasSubstr("'points'"));
  EXPECT_THAT(refusal(points, {{.name = "points", .shape = {1, 5, 2, 2}, .channels_last = true}}),
              HasSubstr("'points'"));
  PoseHead with_presence = points;
  with_presence.outputs[PosePart::kPresence] = "presence";
  EXPECT_THAT(refusal(with_presence, {{.name = "points", .shape = {1, 15}},
                                      {.name = "presence", .shape = {1, 2}}}),
              HasSubstr("'presence' it needs one number"));
}

}  // namespace
}  // namespace octet
