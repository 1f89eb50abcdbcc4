#include "graph/blocks.h"

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

Conv2d conv(int64_t outputs, int64_t inputs) {
  const Shape shape{outputs, inputs, 1, 1};
  std::vector<float> values(static_cast<size_t>(element_count(shape)));
  for (size_t i = 0; i < values.size(); ++i) values[i] = static_cast<float>(i + 1);
  return {.weight = {shape, std::move(values)}, .bias = {}};
}

// A C2f of one channel a half, with two blocks.
Graph c2f(bool shortcut) {
  Graph g;
  g.nodes = {
      {"cv1", conv(2, 3), {"image"}}, {"s", Slice{0, 1}, {"cv1"}}, {"t", Slice{1, 2}, {"cv1"}}};
  std::string last = "t";
  for (const std::string name : {"m0", "m1"}) {
    g.nodes.push_back({name + ".a", conv(2, 1), {last}});
    g.nodes.push_back({shortcut ? name + ".b" : name, conv(1, 2), {name + ".a"}});
    if (shortcut) g.nodes.push_back({name, Add{}, {last, name + ".b"}});
    last = name;
  }
  g.nodes.push_back({"x", Concat{}, {"s", "t", "m0", "m1"}});
  g.nodes.push_back({"cv2", conv(2, 4), {"x"}});
  g.outputs = {"cv2"};
  return g;
}

std::vector<std::string> outputs_of(const Graph& g) {
  std::vector<std::string> list;
  for (const Block& block : find_blocks(g)) list.push_back(block.output);
  return list;
}

const std::vector<float>& weights_of(const Graph& g, const char* node) {
  return std::get<Conv2d>(g.find(node)->op).weight.values;
}

TEST(Blocks, AreFoundWithAndWithoutShortcut) {
  for (const bool shortcut : {true, false}) {
    const auto blocks = find_blocks(c2f(shortcut));
    ASSERT_EQ(blocks.size(), 2U);
    EXPECT_EQ(blocks[1].input, "m0");
    EXPECT_EQ(blocks[1].output, "m1");
    EXPECT_EQ(blocks[1].shortcut, shortcut);
    EXPECT_EQ(blocks[1].nodes.size(), shortcut ? 3U : 2U);
  }
}

TEST(Blocks, StayWhereOthersReadTheirInside) {
  Graph g = c2f(true);
  g.outputs.emplace_back("m0.b");
  EXPECT_THAT(outputs_of(g), ElementsAre("m1"));
  g = c2f(false);
  g.outputs.emplace_back("x");
  EXPECT_THAT(outputs_of(g), IsEmpty()) << "the Concat cannot become shorter";
}

// The last block of a chain only lengthens a Concat. A pruned one may be narrower than its input.
TEST(Blocks, AtTheEndOfAChainHaveAnyWidth) {
  Graph g = c2f(false);
  const size_t last = g.nodes.size() - 3;
  g.nodes[last].op = conv(3, 2);
  g.nodes.back().op = conv(2, 6);
  EXPECT_THAT(outputs_of(g), ElementsAre("m0", "m1"));
  EXPECT_THAT(weights_of(remove_block(g, "m1"), "cv2"), ElementsAre(1, 2, 3, 7, 8, 9));
}

TEST(RemoveBlock, MovesWeightsToTheInput) {
  const Graph g = remove_block(c2f(true), "m0");
  EXPECT_THAT(g.find("x")->inputs, ElementsAre("s", "t", "m1"));
  EXPECT_THAT(g.find("m1")->inputs, UnorderedElementsAre("t", "m1.b"));
  // Of 1, 2, 3, 4 and 5, 6, 7, 8: the third column is added to the second.
  EXPECT_THAT(weights_of(g, "cv2"), ElementsAre(1, 5, 4, 5, 13, 8));
}

TEST(RemoveBlock, DropsWeightsWithoutShortcut) {
  const Graph g = remove_block(c2f(false), "m1");
  EXPECT_THAT(g.find("x")->inputs, ElementsAre("s", "t", "m0"));
  EXPECT_THAT(weights_of(g, "cv2"), ElementsAre(1, 2, 3, 5, 6, 7));
}

// Both halves are joined again as they were split: the Concat and the Slices go as well.
TEST(RemoveBlock, ToNone) {
  const Graph g = remove_block(remove_block(c2f(false), "m1"), "m0");
  ASSERT_EQ(g.nodes.size(), 2U);
  EXPECT_THAT(g.find("cv2")->inputs, ElementsAre("cv1"));
  EXPECT_THAT(weights_of(g, "cv2"), ElementsAre(1, 2, 5, 6));
}

TEST(RemoveBlock, NamesTheBlocks) {
  EXPECT_THAT(
      error_of([] { (void)remove_block(c2f(true), "cv1"); }),
      HasSubstr("'cv1' is the output of no block that can be removed; the blocks are m0, m1"));
}

}  // namespace
}  // namespace octet
