// What of quantization is for pose networks of other programs.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cmath>
#include <random>

#include "core/error.h"
#include "model/passes/passes.h"
#include "quant/calibration/pose_values.h"
#include "quant/reference/float_reference.h"

namespace octet {
namespace {

using testing::ElementsAre;

Tensor random_tensor(Shape shape, std::mt19937& random) {
  std::normal_distribution<float> normal;
  std::vector<float> values(static_cast<size_t>(element_count(shape)));
  for (float& v : values) v = normal(random);
  return {std::move(shape), std::move(values)};
}

Conv2d conv(int64_t out, int64_t in, int64_t kernel, int stride, std::mt19937& random) {
  return {.stride = stride,
          .weight = random_tensor({out, in, kernel, kernel}, random),
          .bias = random_tensor({out}, random)};
}

// An image of 8 pixels becomes 4 points of five numbers, and a score.
Model points_network(int numbers = 5) {
  std::mt19937 random(1);
  Model m;
  m.info.task = Task::kRaw;
  m.graph.size = Size{8, 8};
  m.graph.nodes = {{"a", conv(6, 3, 4, 4, random), {"image"}},
                   {"points", conv(4 * numbers, 6, 2, 1, random), {"a"}},
                   {"score", conv(1, 6, 2, 1, random), {"a"}}};
  const auto add = [&](const char* value, const char* name, Shape shape) {
    m.add_output({.value = value,
                  .role = OutputRole::kRaw,
                  .stride = 0,
                  .raw = {.name = name, .shape = std::move(shape)}});
  };
  add("points", "landmarks", {1, 4 * numbers});
  add("score", "found", {1, 1});
  m.info.pose_head =
      PoseHead{.kind = PoseHeadKind::kRegression,
               .outputs = {{PosePart::kPoints, "landmarks"}, {PosePart::kPresence, "found"}},
               .keypoints = 3,
               .point_numbers = numbers};
  return m;
}

FloatTensor picture() {
  FloatTensor image{.shape = {3, 8, 8}, .values = {}};
  for (int i = 0; i < 3 * 8 * 8; ++i) image.values.push_back(static_cast<float>(i % 17) / 17);
  return image;
}

std::vector<std::string> output_names(const Model& m) {
  std::vector<std::string> names;
  for (const Output& o : m.outputs()) names.push_back(o.name());
  return names;
}

TEST(SplitPoints, KeepsEveryNumber) {
  const Model whole = points_network();
  const Model parts = split_points(whole);
  EXPECT_THAT(output_names(parts),
              ElementsAre("landmarks_xy", "landmarks_z", "landmarks_visibility",
                          "landmarks_presence", "found"));
  const auto wanted = run_in_float(whole.graph, picture()).at("points").values;
  const auto values = run_in_float(parts.graph, picture());
  const auto outputs = parts.outputs();
  for (size_t p = 0; p < 4; ++p) {
    EXPECT_EQ(values.at(outputs[0].value).values[2 * p], wanted[5 * p]);
    EXPECT_EQ(values.at(outputs[0].value).values[2 * p + 1], wanted[5 * p + 1]);
    for (size_t n = 1; n < 4; ++n)
      EXPECT_EQ(values.at(outputs[n].value).values[p], wanted[5 * p + n + 1]) << n;
  }
}

TEST(SplitPoints, TellsTheDecoder) {
  const Model m = split_points(points_network());
  EXPECT_EQ(m.info.pose_head->point_numbers, 2);
  EXPECT_EQ(*m.info.pose_head->output(PosePart::kPoints), "landmarks_xy");
  EXPECT_EQ(*m.info.pose_head->output(PosePart::kVisibility), "landmarks_visibility");
  EXPECT_EQ(*m.info.pose_head->output(PosePart::kPresence), "found");
  EXPECT_THAT(m.outputs()[0].raw.shape, ElementsAre(1, 8));
  EXPECT_EQ(m.graph.find("points"), nullptr) << "nothing reads it any more";
}

TEST(SplitPoints, LeavesOthersAsTheyAre) {
  EXPECT_EQ(output_names(split_points(points_network(2))).size(), 2U) << "two numbers";
  Model plain = points_network();
  plain.info.pose_head.reset();
  EXPECT_EQ(output_names(split_points(plain)).size(), 2U) << "without a meaning";
  Model bent = points_network();
  bent.graph.nodes.push_back({"bent", Activation{ActivationKind::kRelu}, {"points"}});
  bent.graph.outputs[0] = "bent";
  EXPECT_EQ(output_names(split_points(bent)).size(), 2U) << "no direct result";
  Model read = points_network();
  std::mt19937 random(2);
  read.graph.nodes.push_back({"more", conv(1, 20, 1, 1, random), {"points"}});
  read.add_output({.value = "more", .role = OutputRole::kRaw, .stride = 0, .raw = {.name = "m"}});
  EXPECT_NE(split_points(read).graph.find("points"), nullptr) << "another node reads it";
}

// Outputs with given values.
class FixedOutputs : public CalibrationNetwork {
 public:
  std::map<std::string, std::vector<float>> values;
  int64_t images() const override { return 1; }
  void observe(int64_t) override {}
  std::span<const float> value(const std::string& name) override { return values.at(name); }
  std::span<const float> output(const std::string& name) override { return values.at(name); }
  double distance(const std::map<std::string, QuantParams>&) override { return 0; }
};

// Maps of 2 × 1 cells: an image of 2 × 1 pixels goes through convolutions of one pixel.
Model maps_network(bool pairs) {
  std::mt19937 random(3);
  Model m;
  m.info.task = Task::kRaw;
  m.graph.size = Size{2, 1};
  m.info.pose_head = PoseHead{.kind = PoseHeadKind::kCentre, .keypoints = 2, .pairs = pairs};
  for (const auto& [part, channels] : std::map<PosePart, int>{{PosePart::kHeatmap, 2},
                                                              {PosePart::kOffset, 4},
                                                              {PosePart::kCentre, 1},
                                                              {PosePart::kRegress, 4}}) {
    const std::string name(pose_part_name(part));
    m.graph.nodes.push_back({name, conv(channels, 3, 1, 1, random), {"image"}});
    m.add_output(
        {.value = name, .role = OutputRole::kRaw, .stride = 0, .raw = {.name = name + "s"}});
    m.info.pose_head->outputs[part] = name + "s";
  }
  return m;
}

// The first keypoint has its peak in the first cell, the second in the second.
TEST(PoseValues, AreThoseAtPeaks) {
  FixedOutputs network;
  network.values = {{"heatmap", {1, -9, -9, 2}},
                    {"offset", {1, 2, 3, 4, 5, 6, 7, 8}},
                    {"centre", {-9, 0}},
                    {"regress", {1, 2, 3, 4, 5, 6, 7, 8}}};
  const Model pairs = maps_network(true);
  const auto output = [](const Model& m, PosePart part) {
    return m.outputs().at(static_cast<size_t>(part));
  };
  const PoseValues values(pairs);
  EXPECT_THAT(values.read(output(pairs, PosePart::kOffset), network), ElementsAre(1, 3, 6, 8));
  EXPECT_THAT(values.read(output(pairs, PosePart::kRegress), network), ElementsAre(2, 4, 6, 8));
  EXPECT_THAT(values.read(output(pairs, PosePart::kHeatmap), network), ElementsAre(1, -9, -9, 2));
  EXPECT_TRUE(values.has_floor(output(pairs, PosePart::kHeatmap)));
  EXPECT_FALSE(values.has_floor(output(pairs, PosePart::kOffset)));
  const Model apart = maps_network(false);
  EXPECT_THAT(PoseValues(apart).read(output(apart, PosePart::kOffset), network),
              ElementsAre(1, 4, 5, 8));
}

}  // namespace
}  // namespace octet
