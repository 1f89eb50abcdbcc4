#include "measure/cost/width_cost.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <map>

#include "format/model_file.h"
#include "graph/passes/passes.h"
#include "model/passes/passes.h"

namespace octet {
namespace {

constexpr Size kSize{96, 64};

Graph network(const std::string& name) {
  const std::string file = OCTET_SOURCE_DIR "/tests/data/checkpoints/" + name;
  return fold_batch_norm(read_model(file)).graph;
}

// Operations, and a price for each channel of any other layer.
class PricedChannels : public FlopCost {
 public:
  [[nodiscard]] double cost(const Layer& layer) const override {
    return FlopCost::cost(layer) + 1e-6 * (layer.inputs + 2 * layer.outputs);
  }
};

class OfNetwork : public testing::TestWithParam<const char*> {};

// Each width loses two groups, one after the other.
TEST_P(OfNetwork, IsTheCostOfTheNarrowerGraph) {
  const Graph graph = network(GetParam());
  const auto groups = channel_groups(graph);
  const PricedChannels model;
  WidthCost width_cost(graph, groups, kSize, model);
  EXPECT_NEAR(width_cost.total(), model.predict(graph, kSize), 1e-12);
  std::map<size_t, std::vector<ChannelGroup>> of_width;
  for (const ChannelGroup& group : groups) of_width[group.width].push_back(group);
  std::vector<ChannelGroup> removed;
  for (const auto& [width, all] : of_width) {
    if (all.size() < 3) continue;
    const double expected = width_cost.total_without(width, 2);
    removed.insert(removed.end(), all.begin(), all.begin() + 2);
    width_cost.remove(width, 2);
    EXPECT_NEAR(width_cost.total(), expected, 1e-12);
    ASSERT_NEAR(width_cost.total(), model.predict(remove_channels(graph, removed), kSize), 1e-9)
        << "width " << width;
  }
  ASSERT_FALSE(removed.empty());
  EXPECT_LT(width_cost.total(), model.predict(graph, kSize));
}
INSTANTIATE_TEST_SUITE_P(WidthCost, OfNetwork,
                         testing::Values("v8.4.190-detect3.pt", "v8.4.190-pose1-half-ema.pt",
                                         "v8.4.190-yolov9t-half.pt"));

TEST(WidthCost, NeighboursShareALayer) {
  const Graph graph = network("v8.4.190-detect3.pt");
  const auto groups = channel_groups(graph);
  const FlopCost model;
  WidthCost width_cost(graph, groups, kSize, model);
  const size_t first = groups.front().width;
  for (size_t width = 0; width < 5; ++width) {
    const double alone = width_cost.total() - width_cost.total_without(width, 1);
    WidthCost after = width_cost;
    after.remove(first, 1);
    const auto near = width_cost.neighbours(first);
    const bool is_near = std::find(near.begin(), near.end(), width) != near.end();
    if (is_near) continue;
    EXPECT_NEAR(after.total() - after.total_without(width, 1), alone, 1e-12);
  }
}

}  // namespace
}  // namespace octet
