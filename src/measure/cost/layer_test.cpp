#include "measure/cost/layer.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "graph/cost.h"
#include "graph/slices.h"
#include "measure/cost/cost_model.h"
#include "testing/testing.h"

namespace octet {
namespace {

Conv2d conv(int64_t inputs, int64_t outputs, int64_t kernel, int stride) {
  return {.stride = stride,
          .padding = static_cast<int>(kernel / 2),
          .weight = {{outputs, inputs, kernel, kernel},
                     std::vector<float>(static_cast<size_t>(outputs * inputs * kernel * kernel))}};
}

// A stage of YOLOv8: a convolution split in two halves, a bottleneck on the second, and all joined.
Graph stage() {
  Graph g;
  g.nodes = {
      {"stem", conv(3, 16, 3, 2), {"image"}},  {"stem.act", Activation{}, {"stem"}},
      {"first", Slice{0, 8}, {"stem.act"}},    {"second", Slice{8, 16}, {"stem.act"}},
      {"inner", conv(8, 8, 3, 1), {"second"}}, {"inner.act", Activation{}, {"inner"}},
      {"sum", Add{}, {"second", "inner.act"}}, {"joined", Concat{}, {"first", "second", "sum"}},
      {"out", conv(24, 4, 1, 1), {"joined"}}};
  g.outputs = {"out"};
  return g;
}

std::vector<std::string> names_of(const Graph& graph, Size size) {
  std::vector<std::string> names;
  for (const Layer& layer : layers_of(graph, size)) names.push_back(to_string(layer));
  return names;
}

TEST(Layers, AreThoseThatAnEngineComputes) {
  EXPECT_THAT(names_of(stage(), {64, 32}),
              testing::ElementsAre("Image, 3 to 3 channels at 64x32",
                                   "Conv2d 3x3, stride 2, silu, 3 to 16 channels at 64x32",
                                   "Slice, 16 to 8 channels at 32x16",
                                   "Conv2d 3x3, stride 1, silu, 8 to 8 channels at 32x16",
                                   "Add of 2 values, 8 to 8 channels at 32x16",
                                   "Concat of 2 values, 24 to 24 channels at 32x16",
                                   "Conv2d 1x1, stride 1, 24 to 4 channels at 32x16",
                                   "Output, 4 to 4 channels at 32x16"));
}

TEST(Layers, HaveTheOperationsOfTheGraph) {
  const Size size{64, 32};
  EXPECT_DOUBLE_EQ(FlopCost().predict(stage(), size), cost(stage(), size).gflops);
}

TEST(Layers, OfADepthwiseConvolutionHaveNoGroupsOfTheirOwn) {
  Graph g = stage();
  auto& inner = std::get<Conv2d>(g.nodes[4].op);
  inner.groups = 8;
  inner.weight = {{8, 1, 3, 3}, std::vector<float>(72)};
  const Layer layer = layers_of(g, {64, 32})[3];
  EXPECT_EQ(layer.kind.groups, kDepthwise);
  EXPECT_EQ(multiplications(layer), 72 * 32 * 16);
}

TEST(Layers, NameTheNodeThatHasNoPlace) {
  Graph g = stage();
  std::get<Conv2d>(g.nodes[4].op).weight.shape = {8, 8, 3, 1};
  EXPECT_THAT(error_of([&] { (void)layers_of(g, {64, 32}); }), testing::HasSubstr("inner"));
}

TEST(Slices, ThatMakeUpAValueAreThatValue) {
  const Graph g = stage();
  const auto channels = [](const std::string&) { return int64_t{16}; };
  EXPECT_THAT(joined_values(g, {"first", "second", "sum"}, channels),
              testing::ElementsAre("stem.act", "sum"));
  EXPECT_THAT(joined_values(g, {"second", "first"}, channels),
              testing::ElementsAre("second", "first"));
}

}  // namespace
}  // namespace octet
