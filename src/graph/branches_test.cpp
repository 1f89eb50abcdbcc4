#include "graph/branches.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "graph/passes/passes.h"
#include "testing/testing.h"

namespace octet {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;
using testing::UnorderedElementsAre;

Conv2d conv(int64_t outputs, int64_t inputs, int stride = 1) {
  const Shape shape{outputs, inputs, 1, 1};
  std::vector<float> values(static_cast<size_t>(element_count(shape)));
  for (size_t i = 0; i < values.size(); ++i) values[i] = static_cast<float>(i + 1);
  return {.stride = stride, .weight = {shape, std::move(values)}, .bias = {}};
}

// A pyramid of two grids: the coarse one is raised, and comes back by the Concat.
Graph pyramid() {
  Graph g;
  g.nodes = {{"p3", conv(2, 3, 8), {"image"}},
             {"p4", conv(3, 2, 2), {"p3"}},
             {"up", ResizeNearest{.factor = 2}, {"p4"}},
             {"mix", Concat{}, {"up", "p3"}},
             {"fine", conv(4, 5), {"mix"}},
             {"down", conv(2, 4, 2), {"fine"}},
             {"join", Concat{}, {"down", "p4"}},
             {"coarse", conv(2, 5), {"join"}}};
  g.outputs = {"fine", "coarse"};
  return g;
}

TEST(Branches, AreLeftBehindByAFineOutput) {
  Graph g = pyramid();
  EXPECT_THAT(find_branches(g), IsEmpty()) << "the fine output needs all of it";
  g.outputs = {"coarse"};
  const auto branches = find_branches(g);
  ASSERT_EQ(branches.size(), 1U);
  EXPECT_EQ(branches[0].join, "join");
  EXPECT_EQ(branches[0].output, "down");
  EXPECT_THAT(branches[0].nodes, UnorderedElementsAre("up", "mix", "fine", "down"));
}

TEST(Branches, GoWithTheirColumns) {
  Graph g = pyramid();
  g.outputs = {"coarse"};
  g = remove_branch(std::move(g), "down");
  EXPECT_EQ(g.nodes.size(), 3U);
  const Node* coarse = g.find("coarse");
  EXPECT_THAT(coarse->inputs, ElementsAre("p4")) << "a Concat of one value is none";
  EXPECT_THAT(std::get<Conv2d>(coarse->op).weight.values, ElementsAre(3, 4, 5, 8, 9, 10));
  EXPECT_THAT(error_of([&] { (void)remove_branch(g, "p4"); }), HasSubstr("'p4' is the output of"));
}

}  // namespace
}  // namespace octet
