#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cmath>
#include <limits>
#include <map>
#include <nlohmann/json.hpp>
#include <numeric>

#include "graph/cost.h"
#include "graph/json/graph_json.h"
#include "graph/passes/passes.h"
#include "graph/shapes.h"
#include "graph/topology.h"
#include "graph/verify.h"
#include "graph/walk.h"
#include "testing/testing.h"

namespace octet {
namespace {

using testing::HasSubstr;

Tensor filled(Shape shape, float first, float step) {
  Tensor t{.shape = std::move(shape), .values = {}};
  for (int64_t i = 0; i < element_count(t.shape); ++i)
    t.values.push_back(first + step * static_cast<float>(i));
  return t;
}

// image → conv (stride 2) → BatchNorm → SiLU, with one output.
Graph small_graph() {
  Graph g;
  g.nodes.push_back(
      {"c",
       Conv2d{.stride = 2, .padding = 1, .weight = filled({4, 3, 3, 3}, -0.5F, 0.01F)},
       {"image"}});
  g.nodes.push_back({"n",
                     BatchNorm{.epsilon = 1e-3F,
                               .gamma = filled({4}, 0.5F, 0.25F),
                               .beta = filled({4}, -1, 0.5F),
                               .mean = filled({4}, 0.1F, 0.1F),
                               .variance = filled({4}, 0.5F, 0.5F)},
                     {"c"}});
  g.nodes.push_back({"a", Activation{}, {"n"}});
  g.outputs.push_back("a");
  return g;
}

TEST(Shapes, FollowEveryOperator) {
  Graph g = small_graph();
  g.nodes.push_back({"s", Slice{1, 3}, {"a"}});
  g.nodes.push_back({"p", MaxPool{}, {"s"}});
  g.nodes.push_back({"j", Concat{}, {"s", "p"}});
  g.nodes.push_back({"r", ResizeNearest{2}, {"j"}});
  g.nodes.push_back({"d", Add{}, {"r", "r"}});
  g.nodes.push_back({"space", DepthToSpace{2}, {"d"}});
  g.nodes.push_back({"cut", Crop{.sides = {1, 0, 2, 3}}, {"space"}});
  const auto shapes = infer_shapes(g, {64, 32});
  EXPECT_EQ(shapes.at("a"), (Shape{1, 4, 16, 32}));
  EXPECT_EQ(shapes.at("p"), (Shape{1, 2, 16, 32}));
  EXPECT_EQ(shapes.at("d"), (Shape{1, 4, 32, 64}));
  EXPECT_EQ(shapes.at("space"), (Shape{1, 1, 64, 128}));
  EXPECT_EQ(shapes.at("cut"), (Shape{1, 1, 61, 125}));
  EXPECT_EQ(cost(g, {64, 32}).parameters, 4 * 27 + 8);
  EXPECT_NEAR(cost(g, {64, 32}).gflops, 2e-9 * 4 * 27 * 16 * 32, 1e-15);
}

TEST(Verify, NamesTheNode) {
  const auto message = [](auto change) {
    Graph g = small_graph();
    change(g);
    return error_of([&] { verify(g); });
  };
  EXPECT_EQ(message([](Graph&) {}), "");
  const auto conv = [](Graph& g) -> Conv2d& { return std::get<Conv2d>(g.nodes[0].op); };
  EXPECT_THAT(message([&](Graph& g) {
                conv(g).weight.values[5] = std::numeric_limits<float>::quiet_NaN();
              }),
              HasSubstr("c.weight: holds NaN"));
  EXPECT_THAT(message([&](Graph& g) { conv(g).weight.values.pop_back(); }), HasSubstr("c.weight"));
  EXPECT_THAT(message([&](Graph& g) { conv(g).groups = 2; }), HasSubstr("[Conv2d c]"));
  EXPECT_THAT(message([&](Graph& g) { conv(g).stride = 0; }), HasSubstr("[Conv2d c]"));
  EXPECT_THAT(message([](Graph& g) { g.nodes[1].inputs[0] = "later"; }),
              HasSubstr("before it is made"));
  EXPECT_THAT(message([](Graph& g) { g.nodes[2].name = "c"; }), HasSubstr("used twice"));
  EXPECT_THAT(message([](Graph& g) { g.outputs.clear(); }), HasSubstr("no outputs"));
  EXPECT_THAT(message([](Graph& g) { g.outputs[0] = "nobody"; }), HasSubstr("nobody"));
}

TEST(FoldBatchNorm, KeepsTheFunction) {
  const Graph before = small_graph();
  const Graph after = fold_batch_norm(before);
  ASSERT_EQ(after.nodes.size(), 2U);
  EXPECT_EQ(after.nodes[1].inputs[0], "c");
  // A convolution is linear: compare weight and bias with y = gamma · (w·x − mean) / √(v + ε) +
  // beta.
  const auto& conv = std::get<Conv2d>(before.nodes[0].op);
  const auto& norm = std::get<BatchNorm>(before.nodes[1].op);
  const auto& folded = std::get<Conv2d>(after.nodes[0].op);
  for (size_t c = 0; c < 4; ++c) {
    const double factor = norm.gamma.values[c] / std::sqrt(norm.variance.values[c] + 1e-3);
    for (size_t i = 0; i < 27; ++i)
      EXPECT_NEAR(folded.weight.values[c * 27 + i], conv.weight.values[c * 27 + i] * factor, 1e-6);
    EXPECT_NEAR(folded.bias.values[c], norm.beta.values[c] - norm.mean.values[c] * factor, 1e-6);
  }
}

TEST(FoldBatchNorm, RefusesSharedConvolution) {
  Graph g = small_graph();
  g.nodes.push_back({"other", Activation{}, {"c"}});
  EXPECT_THAT(error_of([&] { (void)fold_batch_norm(g); }), HasSubstr("[BatchNorm n]"));
}

// conv → ReLU → conv → SiLU, both read by an Add.
Graph activated_graph() {
  Graph g;
  const Conv2d conv{.weight = filled({3, 3, 1, 1}, 0, 0.1F)};
  g.nodes = {{"a", conv, {"image"}},
             {"a.act", Activation{ActivationKind::kRelu}, {"a"}},
             {"b", conv, {"a.act"}},
             {"b.act", Activation{ActivationKind::kSilu}, {"b"}},
             {"sum", Add{}, {"a.act", "b.act"}}};
  g.outputs = {"sum"};
  return g;
}

TEST(Topology, KnowsWhoMakesAndWhoReads) {
  const Graph g = activated_graph();
  const Topology t(g);
  EXPECT_EQ(t.producer("a.act"), &g.nodes[1]);
  EXPECT_EQ(t.producer("image"), nullptr);
  EXPECT_EQ(t.consumers("a.act").size(), 2U);
  EXPECT_EQ(t.only_consumer("a.act"), nullptr);
  EXPECT_EQ(t.only_consumer("b"), &g.nodes[3]);
  EXPECT_TRUE(t.is_output("sum"));
  EXPECT_FALSE(t.is_output("b"));
}

TEST(Topology, KnowsWhatEnginesFuse) {
  Graph g = activated_graph();
  {
    const Topology t(g);
    EXPECT_EQ(t.fused_activation(g.nodes[0]), &g.nodes[1]);
    EXPECT_EQ(t.fusing_node(g.nodes[1]), g.nodes.data());
    EXPECT_EQ(t.fused_activation(g.nodes[2]), nullptr) << "SiLU is no part of a convolution";
    EXPECT_EQ(t.activation_after(g.nodes[2]), &g.nodes[3]);
    EXPECT_TRUE(t.feeds_silu(g.nodes[2]));
    EXPECT_FALSE(t.feeds_silu(g.nodes[0]));
  }
  Graph sum = g;
  sum.nodes.push_back({"sum.act", Activation{ActivationKind::kRelu6}, {"sum"}});
  sum.outputs = {"sum.act"};
  const Topology t(sum);
  EXPECT_EQ(t.fused_activation(sum.nodes[4]), &sum.nodes[5]);
  EXPECT_EQ(t.fusing_node(sum.nodes[5]), &sum.nodes[4]);
  g.outputs.emplace_back("a");
  EXPECT_EQ(Topology(g).fused_activation(g.nodes[0]), nullptr) << "somebody else reads the sums";
}

TEST(Walk, DropsValuesAfterTheirLastUse) {
  const Graph g = activated_graph();
  const auto steps = steps_of(g);
  std::map<std::string, int> values{{"image", 1}};
  std::vector<size_t> held;
  walk(std::span<const Step>(steps), g.outputs, values,
       [&](const Node& node, std::span<const int* const> in, const ReadsLeft& reads) {
         held.push_back(values.size());
         EXPECT_EQ(reads.one(node.inputs[0]), node.name != "b") << node.name;
         return std::accumulate(in.begin(), in.end(), 0,
                                [](int sum, const int* v) { return sum + *v; });
       });
  EXPECT_EQ(values, (std::map<std::string, int>{{"sum", 2}}));
  EXPECT_EQ(held, (std::vector<size_t>{1, 1, 1, 2, 2}));
}

TEST(Passes, InsertBatchNormKeepsTheFunction) {
  const Graph before = activated_graph();
  const Graph with = insert_batch_norm(before);
  ASSERT_EQ(with.nodes.size(), 7U);
  EXPECT_EQ(with.nodes[2].inputs[0], "a.bn");
  const Graph after = fold_batch_norm(with);
  for (const size_t i : {0, 2}) {
    const auto& w = std::get<Conv2d>(before.nodes[i].op).weight.values;
    const auto& folded = std::get<Conv2d>(after.nodes[i].op).weight.values;
    for (size_t k = 0; k < w.size(); ++k) EXPECT_NEAR(folded[k], w[k], 1e-6);
  }
}

TEST(Passes, ReplaceActivationLeavesOthers) {
  const Graph g = replace_activation(activated_graph(), ActivationKind::kHardswish);
  EXPECT_EQ(std::get<Activation>(g.nodes[1].op).kind, ActivationKind::kRelu);
  EXPECT_EQ(std::get<Activation>(g.nodes[3].op).kind, ActivationKind::kHardswish);
}

TEST(GraphJson, RoundTrip) {
  Graph g = small_graph();
  g.nodes.push_back({"s", Slice{1, 3}, {"a"}});
  const auto json = to_json(g);
  EXPECT_EQ(to_json(graph_from_json(json)), json);
  auto wrong = json;
  wrong["nodes"][0]["op"] = "Gemm";
  EXPECT_THAT(error_of([&] { (void)graph_from_json(wrong); }), HasSubstr("Gemm"));
  wrong = json;
  wrong["nodes"][3].erase("end");
  EXPECT_THAT(error_of([&] { (void)graph_from_json(wrong); }), HasSubstr("s:"));
}

}  // namespace
}  // namespace octet
