#include "measure/cost/layer_timer.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>

#include "graph/verify.h"
#include "measure/cost/sample_network.h"
#include "quant/placement.h"

namespace octet {
namespace {

// Of each kind, at sizes that need a source of another stride.
std::vector<Layer> layers() {
  const LayerKind at_20{.height = 20, .width = 12};
  const auto kind = [&](const char* op, LayerKind more) {
    more.op = op;
    more.height = at_20.height;
    more.width = at_20.width;
    return more;
  };
  const LayerKind stem{.op = "Conv2d",
                       .kernel = 3,
                       .stride = 2,
                       .padding = 1,
                       .height = 32,
                       .width = 64,
                       .reads_image = true,
                       .activation = "silu"};
  const LayerKind pool{.kernel = 5, .padding = 2};
  return {{{.op = kImageLayer, .height = 32, .width = 64}, 3, 3},
          {stem, 3, 16},
          {kind("Conv2d", {.kernel = 3, .padding = 1, .activation = "silu"}), 16, 24},
          {kind("Conv2d", {.kernel = 3, .padding = 1, .groups = kDepthwise}), 16, 16},
          {kind("Conv2d", {.activation = "relu6"}), 8, 16},
          {kind("Activation", {.activation = "silu"}), 16, 16},
          {kind("Add", {.values = 2}), 16, 16},
          {kind("Concat", {.values = 3}), 25, 25},
          {kind("Slice", {}), 32, 16},
          {kind("MaxPool", pool), 16, 16},
          {kind("AvgPool", {.kernel = 2}), 16, 16},
          {kind("ResizeNearest", {.factor = 2}), 16, 16},
          {kind(kOutputLayer, {}), 16, 16}};
}

TEST(LayerTimer, TimesOfGrowingNetworksRise) {
  EXPECT_EQ(nearest_rising({1, 3, 2, 4}), (std::vector<double>{1, 2.5, 2.5, 4}));
  EXPECT_EQ(nearest_rising({3, 2, 1}), (std::vector<double>{2, 2, 2}));
  EXPECT_TRUE(nearest_rising({}).empty());
}

TEST(RunTimes, ABusyMachineIsNotUsual) {
  EXPECT_DOUBLE_EQ((RunTimes{.fast = 4, .median = 4.2}).usual_factor(), 1.05);
  EXPECT_DOUBLE_EQ((RunTimes{.fast = 4, .median = 8}).usual_factor(), kBusy);
  EXPECT_DOUBLE_EQ(RunTimes{}.usual_factor(), 1);
}

TEST(SampleNetwork, HasTheLayerAsOftenAsThereAreCopies) {
  for (const Layer& layer : layers()) {
    SCOPED_TRACE(to_string(layer));
    const SampleNetwork with = sample_network(layer, {.copies = 3});
    const SampleNetwork without = sample_network(layer, {.copies = 3, .with_layer = false});
    verify(with.model.graph);
    verify_quantization(with.model);
    verify(without.model.graph);
    const auto found = layers_of(with.model.graph, with.size);
    const int once = layer.kind.op == kImageLayer ? 1 : 3;
    EXPECT_GE(std::count(found.begin(), found.end(), layer), once);
    if (once == 1 || layer.kind.op == kOutputLayer) continue;
    const auto rest = layers_of(without.model.graph, without.size);
    EXPECT_EQ(std::count(rest.begin(), rest.end(), layer), 0);
  }
}

TEST(FindStep, FindsTheStepThatKernelsFill) {
  for (const int step : {4, 8, 16, 32, 64}) {
    const auto filled = [&](int channels) { return 1.0 + (channels + step - 1) / step * step; };
    EXPECT_EQ(find_step(filled), step);
  }
}

TEST(FindStep, TakesTheSmallestWhereTimesDoNotGrow) {
  EXPECT_EQ(find_step([](int) { return 1.0; }), 4);
}

// A power cut takes minutes of measuring, and no more.
TEST(LayerTimer, KeepsTimesOnTheWay) {
  LayerTimer timer({.engine = "tflite"}, "test");
  CostTable table(timer.origin(), {.inputs = 8, .outputs = 8});
  std::vector<Layer> points;
  for (int i = 1; i <= 120; ++i) {
    points.push_back({{.op = "Add", .values = 2, .height = 20, .width = 20}, 8 * i, 8 * i});
    table.add(points.back(), 1e-6);  // is not measured again
  }
  int kept = 0;
  ASSERT_TRUE(measure_layers(points, timer, table, [&] { ++kept; }));
  EXPECT_EQ(kept, 2);
}

// No time is expected to be of any length.
TEST(LayerTimer, PredictsASmallNetwork) {
  LayerTimer timer({.engine = "tflite"}, "test");
  CostTable table(timer.origin(), {.inputs = 8, .outputs = 8});
  const SampleNetwork sample = sample_network(layers()[2], {.copies = 1});
  std::vector<Layer> points;
  for (const Layer& layer : layers_of(sample.model.graph, sample.size)) {
    const auto more = table.points_of(layer);
    points.insert(points.end(), more.begin(), more.end());
  }
  ASSERT_TRUE(measure_layers(points, timer, table));
  EXPECT_GT(table.predict(sample.model.graph, sample.size), 0);
  EXPECT_EQ(table.origin().engine, "tflite");
}

TEST(LayerTimer, TimesLayersOfEveryKind) {
  LayerTimer timer({.engine = "tflite"}, "test");
  for (const Layer& layer : layers()) EXPECT_GE(timer.time(layer), 0) << to_string(layer);
}

}  // namespace
}  // namespace octet
