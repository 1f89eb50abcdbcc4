#include "measure/cost/cost_table.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>

#include "testing/testing.h"

namespace octet {
namespace {

const CostOrigin kOrigin{.engine = "tflite",
                         .engine_version = "TensorFlow Lite 2",
                         .processor = "a processor",
                         .threads = 2,
                         .octet = "1"};

LayerKind kind(const std::string& op, int values = 1) {
  return {.op = op, .values = values, .height = 20, .width = 20};
}

// A table with steps of 8 inputs and 16 outputs, and all times that `layers` and narrower ones need.
CostTable table_of(const std::vector<Layer>& layers) {
  CostTable table(kOrigin, {.inputs = 8, .outputs = 16});
  for (const Layer& layer : layers) {
    for (const Layer& point : table.points_within(layer))
      table.add(point, 1e-6 * point.inputs * point.outputs);
  }
  return table;
}

TEST(CostTable, GivesTheTimesThatItHas) {
  const Layer layer{kind("Conv2d"), 64, 96};
  EXPECT_DOUBLE_EQ(table_of({layer}).cost(layer), 1e-6 * 64 * 96);
}

TEST(CostTable, InterpolatesBetweenChannels) {
  const CostTable table = table_of({{kind("Conv2d"), 128, 128}});
  EXPECT_DOUBLE_EQ(table.cost({kind("Conv2d"), 112, 128}), 1e-6 * 112 * 128);
  EXPECT_DOUBLE_EQ(table.cost({kind("Conv2d"), 112, 112}), 1e-6 * 112 * 112);
}

TEST(CostTable, FillsSteps) {
  const CostTable table = table_of({{kind("Conv2d"), 64, 64}});
  const double filled = table.cost({kind("Conv2d"), 40, 48});
  EXPECT_DOUBLE_EQ(table.cost({kind("Conv2d"), 40, 33}), filled);
  EXPECT_DOUBLE_EQ(table.cost({kind("Conv2d"), 33, 48}), filled);
  EXPECT_LT(table.cost({kind("Conv2d"), 32, 32}), filled);
}

// A kernel that computes 64 channels together leaves out those that are not there.
TEST(CostTable, DoesNotFillTheFirstStep) {
  const LayerKind conv = kind("Conv2d");
  CostTable table(kOrigin, {.inputs = 64, .outputs = 16});
  for (const Layer& point : table.points_within({conv, 48, 64}))
    table.add(point, 1e-6 * point.inputs * point.outputs);
  EXPECT_DOUBLE_EQ(table.cost({conv, 16, 32}), 1e-6 * 16 * 32);
  EXPECT_DOUBLE_EQ(table.cost({conv, 45, 64}), 1e-6 * 48 * 64);
}

TEST(CostTable, HasOneAxisForWhatMovesData) {
  const CostTable table = table_of({{kind("Concat", 3), 384, 384}});
  const double at_96 = table.cost({kind("Concat", 3), 96, 96});
  EXPECT_DOUBLE_EQ(at_96, 1e-6 * 96 * 96);
  EXPECT_DOUBLE_EQ(table.cost({kind("Concat", 3), 90, 90}), at_96);
}

TEST(CostTable, KeepsTheImageAndGroupsAsTheyAre) {
  LayerKind stem = kind("Conv2d");
  stem.reads_image = true;
  LayerKind groups = kind("Conv2d");
  groups.groups = 4;
  const CostTable table = table_of({{stem, 3, 32}, {groups, 12, 12}, {kind("Image"), 3, 3}});
  EXPECT_DOUBLE_EQ(table.cost({stem, 3, 20}), 1e-6 * 3 * 32);
  EXPECT_DOUBLE_EQ(table.cost({groups, 12, 12}), 1e-6 * 144);
  EXPECT_DOUBLE_EQ(table.cost({kind("Image"), 3, 3}), 9e-6);
}

TEST(CostTable, IsCorrectedByWholeNetworks) {
  CostTable table(kOrigin, {});
  EXPECT_EQ(table.correction({64, 64}), 1);
  const auto add = [&](const char* model, int side, double measured) {
    table.add(NetworkTime{model, {side, side}, 1, measured});
  };
  add("a", 64, 1.5);
  EXPECT_EQ(table.correction({96, 96}), 1.5) << "of another size";
  add("a", 96, 1.2);
  add("b", 96, 1.1);
  add("c", 96, 1.3);
  EXPECT_EQ(table.correction({96, 96}), 1.2);
  EXPECT_EQ(table.correction({64, 64}), 1.5);
}

TEST(CostTable, HasTimesForNarrowerLayers) {
  const std::vector<Layer> layers{{kind("Conv2d"), 100, 80},
                                  {kind("Concat", 4), 130, 130},
                                  {kind("Slice"), 64, 32},
                                  {kind("Add", 2), 70, 70}};
  const CostTable table = table_of(layers);
  for (const Layer& wide : layers) {
    for (int outputs = wide.outputs / kLeastShareOfChannels; outputs <= wide.outputs; ++outputs) {
      const int inputs = wide.inputs * outputs / wide.outputs;
      EXPECT_GT(table.cost({wide.kind, std::max(1, inputs), outputs}), 0);
    }
  }
}

TEST(CostTable, NamesALayerThatItLacks) {
  const CostTable table = table_of({{kind("Conv2d"), 16, 16}});
  EXPECT_THAT(error_of([&] {
                (void)table.cost({kind("Conv2d"), 16, 64});
              }),
              testing::HasSubstr("Conv2d 1x1, stride 1, 16 to 64 channels at 20x20"));
}

TEST(CostTable, SaysWhatDiffersHere) {
  EXPECT_EQ(difference(kOrigin, kOrigin), "");
  CostOrigin here = kOrigin;
  here.processor = "another";
  EXPECT_EQ(difference(kOrigin, here),
            "it was measured with the processor a processor, and here is another");
  here.processor = "";
  CostOrigin nameless = here;
  EXPECT_NE(difference(nameless, here), "") << "two without a name may be two processors";
  EXPECT_NE(difference(kOrigin, here), "");
  here = kOrigin;
  here.threads = 4;
  EXPECT_THAT(difference(kOrigin, here), testing::HasSubstr("--threads 2, and here is 4"));
}

}  // namespace
}  // namespace octet
