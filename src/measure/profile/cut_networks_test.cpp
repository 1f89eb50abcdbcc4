#include "measure/profile/cut_networks.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "graph/verify.h"
#include "measure/cost/sample_network.h"
#include "quant/placement.h"

namespace octet {
namespace {

using testing::ElementsAre;

constexpr Size kSize{64, 64};

Conv2d convolution(int inputs, int outputs, int stride) {
  const auto count = static_cast<size_t>(inputs) * static_cast<size_t>(outputs);
  return {.stride = stride,
          .weight = {.shape = {outputs, inputs, 1, 1}, .values = std::vector<float>(count, 0.1F)},
          .bias = {.shape = {outputs}, .values = std::vector<float>(static_cast<size_t>(outputs))}};
}

// A convolution, whose halves go two ways and come together again.
Model forked() {
  Model model;
  model.graph.nodes = {{"a.conv", convolution(3, 8, 4), {"image"}},
                       {"a.act", Activation{}, {"a.conv"}},
                       {"left", Slice{.begin = 0, .end = 4}, {"a.act"}},
                       {"right", Slice{.begin = 4, .end = 8}, {"a.act"}},
                       {"b.conv", convolution(4, 4, 1), {"right"}},
                       {"b.act", Activation{}, {"b.conv"}},
                       {"cat", Concat{}, {"left", "b.act"}},
                       {"c", convolution(8, 8, 1), {"cat"}}};
  model.add_output({.value = "c", .role = OutputRole::kBox, .stride = 4});
  return model;
}

std::vector<std::string> names_of(const Graph& graph) {
  std::vector<std::string> names;
  for (const Node& node : graph.nodes) names.push_back(node.name);
  return names;
}

TEST(CutNetworks, GiveOutWhatNothingReads) {
  const Model model = forked();
  const Model first = first_nodes(model, 4);
  EXPECT_THAT(names_of(first.graph), ElementsAre("a.conv", "a.act")) << "slices that nothing reads";
  EXPECT_THAT(first.graph.outputs, ElementsAre("a.act"));
  const Model second = first_nodes(model, 6);
  EXPECT_THAT(names_of(second.graph), ElementsAre("a.conv", "a.act", "right", "b.conv", "b.act"));
  EXPECT_THAT(second.graph.outputs, ElementsAre("b.act"));
  const Model third = first_nodes(model, 7);
  EXPECT_THAT(third.graph.outputs, ElementsAre("cat"));
  EXPECT_THAT(first_nodes(model, 8).graph.outputs, ElementsAre("c"));
}

TEST(CutNetworks, KeepTheIntegersOfTheirNodes) {
  const Model model = roughly_quantized(forked(), 8);
  for (const size_t count : {2U, 6U, 7U, 8U}) {
    const Model cut = first_nodes(model, count);
    verify(cut.graph);
    verify_quantization(cut);
    EXPECT_TRUE(cut.quantization.convs.contains("a.conv"));
    EXPECT_EQ(cut.quantization.convs.contains("c"), count == 8);
  }
}

TEST(CutNetworks, HaveALayerForEachAndOneForTheImage) {
  LayerTimer timer({.engine = "tflite", .seconds = 0.01}, "0");
  const auto layers = time_cut_networks(roughly_quantized(forked(), 8), kSize, timer);
  std::vector<std::string> names;
  int alone = 0;
  for (const CutLayer& layer : layers) {
    names.push_back(layer.time.name);
    EXPECT_GE(layer.time.seconds, 0);
    alone += layer.alone_s >= 0 ? 1 : 0;
  }
  EXPECT_THAT(names, ElementsAre("image", "a.conv", "left", "right", "b.conv", "cat", "c"));
  EXPECT_EQ(alone, 5) << "the costliest are measured alone";
  EXPECT_EQ(layers[6].time.precision, "") << "the engine does not tell it";
  EXPECT_EQ(layers[6].time.multiplications, 16 * 16 * 8 * 8);
}

}  // namespace
}  // namespace octet
