#include "train/prune/channel_plan.h"

#include <gtest/gtest.h>

#include <set>

#include "format/model_file.h"
#include "graph/topology.h"
#include "model/passes/passes.h"

namespace octet {
namespace {

constexpr Size kSize{64, 64};

const Model& network() {
  static const Model model =
      fold_batch_norm(read_model(OCTET_SOURCE_DIR "/tests/data/checkpoints/v8.4.190-detect3.pt"));
  return model;
}

// Of two images. Channel c of every convolution has the effect c + 1, times a factor of the value.
Importance rising(const std::string& dear = "", float factor = 1) {
  Importance importance;
  const Topology topology(network().graph);
  for (const Node& node : network().graph.nodes) {
    const auto* conv = std::get_if<Conv2d>(&node.op);
    if (conv == nullptr) continue;
    const Node* act = topology.activation_after(node);
    const std::string& name = act != nullptr ? act->name : node.name;
    if (topology.is_output(name)) continue;
    const torch::Tensor row = torch::arange(1, conv->weight.shape[0] + 1).to(torch::kFloat);
    importance.effects[name] = (node.name == dear ? factor * row : row).repeat({2, 1});
  }
  return importance;
}

double whole() { return FlopCost().predict(network().graph, kSize); }

TEST(ChannelPlan, ReachesTheCostThatTheNarrowerModelHas) {
  const Importance importance = rising();
  const FlopCost flops;
  ChannelPlan plan(network().graph, importance, kSize, flops);
  ASSERT_TRUE(plan.reach(0.6 * whole()));
  EXPECT_LE(plan.cost(), 0.6 * whole());
  EXPECT_GT(plan.cost(), 0.5 * whole()) << "one step more than needed";
  const Model narrow = remove_channels(network(), plan.taken());
  EXPECT_NEAR(flops.predict(narrow.graph, kSize), plan.cost(), 1e-9);
}

TEST(ChannelPlan, TakesTheLeastImportantOfAWidth) {
  const Importance importance = rising();
  const FlopCost flops;
  ChannelPlan plan(network().graph, importance, kSize, flops);
  ASSERT_TRUE(plan.reach(0.7 * whole()));
  std::map<size_t, std::set<int64_t>> taken;
  for (const ChannelGroup& group : plan.taken())
    taken[group.width].insert(group.values.front().channel);
  ASSERT_FALSE(taken.empty());
  for (const auto& [width, channels] : taken)
    EXPECT_EQ(*channels.rbegin() - *channels.begin() + 1, static_cast<int64_t>(channels.size()))
        << "width " << width;
}

TEST(ChannelPlan, LeavesWholeStepsOfChannels) {
  const Importance importance = rising();
  const FlopCost flops;
  ChannelPlan plan(network().graph, importance, kSize, flops);
  ASSERT_TRUE(plan.reach(0.5 * whole()));
  std::map<size_t, size_t> left, taken;
  for (const ChannelGroup& group : channel_groups(network().graph)) ++left[group.width];
  for (const ChannelGroup& group : plan.taken()) ++taken[group.width];
  for (const auto& [width, count] : taken) EXPECT_EQ((left[width] - count) % 8, 0) << width;
}

TEST(ChannelPlan, SparesWhatIsDear) {
  const std::string dear = "model.22.cv2.0.0.conv";
  const FlopCost flops;
  const auto taken_from = [&](const Importance& importance) {
    ChannelPlan plan(network().graph, importance, kSize, flops);
    EXPECT_TRUE(plan.reach(0.5 * whole()));
    int count = 0;
    for (const ChannelGroup& group : plan.taken())
      count += network().graph.nodes[group.values.front().node].name == dear;
    return count;
  };
  EXPECT_GT(taken_from(rising(dear, 1e-3F)), 0);
  EXPECT_EQ(taken_from(rising(dear, 1e3F)), 0);
}

TEST(ChannelPlan, KnowsItsLossOnTheWay) {
  const Importance importance = rising();
  const FlopCost flops;
  ChannelPlan plan(network().graph, importance, kSize, flops);
  ASSERT_TRUE(plan.reach(0.6 * whole()));
  EXPECT_EQ(plan.loss_at(whole()), 0);
  EXPECT_GT(*plan.loss_at(0.8 * whole()), 0);
  EXPECT_GT(*plan.loss_at(0.6 * whole()), *plan.loss_at(0.8 * whole()));
  EXPECT_EQ(plan.loss_at(0.1 * whole()), std::nullopt);
}

TEST(ChannelPlan, HasAnEnd) {
  const Importance importance = rising();
  const FlopCost flops;
  ChannelPlan plan(network().graph, importance, kSize, flops);
  EXPECT_FALSE(plan.reach(0));
  EXPECT_GT(plan.cost(), 0);
  EXPECT_LT(plan.cost(), 0.3 * whole());
}

}  // namespace
}  // namespace octet
