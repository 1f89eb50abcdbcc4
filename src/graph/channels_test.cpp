#include "graph/channels.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <string>

#include "graph/passes/passes.h"
#include "graph/shapes.h"
#include "testing/testing.h"

namespace octet {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;

Conv2d conv(int64_t outputs, int64_t inputs, int groups = 1) {
  const Shape shape{outputs, inputs / groups, 1, 1};
  std::vector<float> values(static_cast<size_t>(element_count(shape)));
  for (size_t i = 0; i < values.size(); ++i) values[i] = static_cast<float>(i + 1);
  return {.groups = groups, .weight = {shape, std::move(values)}, .bias = {}};
}

// image → a (4 channels) → `middle`, which makes x of a → out (2 channels)
Graph around(std::vector<Node> middle, int64_t channels_of_x) {
  Graph g;
  g.nodes = {{"a", conv(4, 3), {"image"}}};
  for (Node& node : middle) g.nodes.push_back(std::move(node));
  g.nodes.push_back({"out", conv(2, channels_of_x), {"x"}});
  g.outputs = {"out"};
  return g;
}

// "a1 x1 > out1 out5": channels of values, and of what reads them.
std::string text_of(const Graph& g, const ChannelGroup& group) {
  std::string text;
  for (const ChannelSlot& s : group.values)
    text += g.nodes[s.node].name + std::to_string(s.channel) + " ";
  text += ">";
  for (const ChannelSlot& s : group.readers)
    text += " " + g.nodes[s.node].name + std::to_string(s.channel);
  return text;
}

std::vector<std::string> texts_of(const Graph& g) {
  std::vector<std::string> list;
  for (const ChannelGroup& group : channel_groups(g)) list.push_back(text_of(g, group));
  return list;
}

TEST(ChannelGroups, FollowOneValueAfterTheOther) {
  EXPECT_THAT(texts_of(around({{"x", Activation{}, {"a"}}}, 4)),
              ElementsAre("a0 x0 > out0", "a1 x1 > out1", "a2 x2 > out2", "a3 x3 > out3"));
}

TEST(ChannelGroups, AnAddJoinsItsInputs) {
  EXPECT_THAT(texts_of(around({{"b", conv(4, 4), {"a"}}, {"x", Add{}, {"a", "b"}}}, 4)),
              ElementsAre("a0 b0 x0 > b0 out0", "a1 b1 x1 > b1 out1", "a2 b2 x2 > b2 out2",
                          "a3 b3 x3 > b3 out3"));
}

// As in SPPF: the same channel is read again and again.
TEST(ChannelGroups, AConcatOfPoolsIsReadSeveralTimes) {
  const Graph g = around({{"p", MaxPool{}, {"a"}}, {"x", Concat{}, {"a", "p"}}}, 8);
  EXPECT_EQ(texts_of(g).at(1), "a1 p1 x1 x5 > out1 out5");
}

// As in C2f: one half passes through, the other one goes through a block with a shortcut.
TEST(ChannelGroups, ASplitHasTwoWidths) {
  const Graph g = around({{"s", Slice{0, 2}, {"a"}},
                          {"t", Slice{2, 4}, {"a"}},
                          {"b", conv(2, 2), {"t"}},
                          {"sum", Add{}, {"t", "b"}},
                          {"x", Concat{}, {"s", "t", "sum"}}},
                         6);
  EXPECT_THAT(texts_of(g), ElementsAre("a0 s0 x0 > out0", "a1 s1 x1 > out1",
                                       "a2 t0 b0 sum0 x2 x4 > b0 out2 out4",
                                       "a3 t1 b1 sum1 x3 x5 > b1 out3 out5"));
  const auto groups = channel_groups(g);
  EXPECT_EQ(groups[0].width, groups[1].width);
  EXPECT_NE(groups[1].width, groups[2].width);
}

TEST(ChannelGroups, ADepthwiseConvolutionKeepsItsChannels) {
  const Graph g = around({{"x", conv(8, 4, 4), {"a"}}}, 8);
  EXPECT_EQ(texts_of(g).at(2), "a2 x4 x5 > out4 out5");
}

TEST(ChannelGroups, AGroupOfAConvolutionGoesAsAWhole) {
  const Graph g = around({{"x", conv(6, 4, 2), {"a"}}}, 6);
  EXPECT_THAT(texts_of(g),
              ElementsAre("a0 a1 x0 x1 x2 > out0 out1 out2", "a2 a3 x3 x4 x5 > out3 out4 out5"));
}

TEST(ChannelGroups, OutputsStay) {
  Graph g = around({{"b", conv(4, 4), {"a"}}, {"x", Add{}, {"a", "b"}}}, 4);
  g.outputs.emplace_back("b");
  EXPECT_TRUE(channel_groups(g).empty()) << "the sum ties a to an output";
}

TEST(RemoveChannels, CutsEveryTensor) {
  const Tensor four{{4}, {1, 2, 3, 4}};
  Graph g =
      around({{"n", BatchNorm{.gamma = four, .beta = four, .mean = four, .variance = four}, {"a"}},
              {"s", Slice{0, 1}, {"n"}},
              {"t", Slice{1, 4}, {"n"}},
              {"x", Concat{}, {"t", "s"}}},
             4);
  std::get<Conv2d>(g.nodes[0].op).bias = four;
  const auto groups = channel_groups(g);
  const Graph smaller = remove_channels(g, std::vector{groups[1], groups[3]});
  const auto& first = std::get<Conv2d>(smaller.nodes[0].op);
  EXPECT_THAT(first.weight.values, ElementsAre(1, 2, 3, 7, 8, 9));
  EXPECT_THAT(first.bias.values, ElementsAre(1, 3));
  EXPECT_THAT(std::get<BatchNorm>(smaller.nodes[1].op).mean.values, ElementsAre(1, 3));
  EXPECT_EQ(std::get<Slice>(smaller.nodes[3].op).begin, 1);
  EXPECT_EQ(std::get<Slice>(smaller.nodes[3].op).end, 2);
  // Channels of x were 1, 2, 3, 0 of a: 2 and 0 stay.
  EXPECT_THAT(std::get<Conv2d>(smaller.nodes.back().op).weight.values, ElementsAre(2, 4, 6, 8));
}

TEST(RemoveChannels, CutsGroupsOfConvolutions) {
  const Graph g = around({{"x", conv(6, 4, 2), {"a"}}}, 6);
  const auto groups = channel_groups(g);
  const Graph smaller = remove_channels(g, std::vector{groups[0]});
  const auto& cut = std::get<Conv2d>(smaller.nodes[1].op);
  EXPECT_EQ(cut.groups, 1);
  EXPECT_THAT(cut.weight.values, ElementsAre(7, 8, 9, 10, 11, 12));
}

TEST(RemoveChannels, LeavesOneChannel) {
  const Graph g = around({{"x", Activation{}, {"a"}}}, 4);
  EXPECT_THAT(error_of([&] { (void)remove_channels(g, channel_groups(g)); }),
              HasSubstr("[Conv2d a] would keep no channel"));
}

TEST(UnusedChannels, AreThoseThatNoWeightReads) {
  Graph g = around({{"x", Activation{}, {"a"}}}, 4);
  EXPECT_TRUE(unused_channels(g).empty());
  auto& weight = std::get<Conv2d>(g.nodes.back().op).weight.values;  // (2, 4)
  weight[2] = weight[6] = 0;
  ASSERT_EQ(unused_channels(g).size(), 1U);
  EXPECT_EQ(text_of(g, unused_channels(g)[0]), "a2 x2 > out2");
  std::fill(weight.begin(), weight.end(), 0.0F);
  EXPECT_EQ(unused_channels(g).size(), 3U) << "one stays";
}

TEST(NarrowStem, TakesTheChannelsThatAreReadLeast) {
  Graph g = around({{"x", Activation{}, {"a"}}}, 4);
  const Graph narrow = narrow_stem(g, 0.5);
  // Channels 0 and 1 are read by 1, 5 and 2, 6; channels 2 and 3 by more.
  EXPECT_THAT(std::get<Conv2d>(narrow.nodes.back().op).weight.values, ElementsAre(3, 4, 7, 8));
  EXPECT_EQ(infer_shapes(narrow_stem(g, 0.99), {32, 32}).at("a")[1], 1);
  for (const double share : {0.0, 1.0, -1.0})
    EXPECT_THAT(error_of([&] { (void)narrow_stem(g, share); }), HasSubstr("between 0 and 1"));
}

TEST(RemoveUnusedNodes, KeepsWhatOutputsNeed) {
  Graph g = around({{"x", Activation{}, {"a"}}, {"idle", Activation{}, {"x"}}}, 4);
  g = remove_unused_nodes(std::move(g));
  EXPECT_EQ(g.find("idle"), nullptr);
  EXPECT_EQ(g.nodes.size(), 3U);
}

}  // namespace
}  // namespace octet
