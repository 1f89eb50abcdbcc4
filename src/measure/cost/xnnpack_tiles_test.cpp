#include "measure/cost/xnnpack_tiles.h"

#include <gtest/gtest.h>

namespace octet {
namespace {

Layer conv(int inputs, int outputs, const char* activation) {
  return {{.op = "Conv2d",
           .kernel = 3,
           .padding = 1,
           .height = 10,
           .width = 10,
           .activation = activation},
          inputs,
          outputs};
}

double padding_on(const char* target, const Layer& layer) {
  const PaperCost cost = cost_on(*find_xnnpack_tile(target), layer);
  return cost.padded_operations / cost.operations;
}

TEST(XnnpackTiles, AreFoundByTargetAndProcessor) {
  EXPECT_EQ(find_xnnpack_tile("pi5"), find_xnnpack_tile("cortex-a76"));
  EXPECT_EQ(find_xnnpack_tile("pi3")->processor, "cortex-a53");
  EXPECT_EQ(find_xnnpack_tile("xnnpack"), nullptr);
}

TEST(XnnpackTiles, PadChannels) {
  EXPECT_DOUBLE_EQ(padding_on("pi5", conv(32, 40, "")), 48.0 / 40);
  EXPECT_DOUBLE_EQ(padding_on("pi4", conv(32, 40, "")), 1);
  EXPECT_DOUBLE_EQ(padding_on("pi5", conv(3, 16, "")), 4.0 / 3);
  EXPECT_DOUBLE_EQ(padding_on("pi4", conv(3, 16, "")), 8.0 / 3);
  EXPECT_DOUBLE_EQ(padding_on("pi3", conv(3, 16, "")), 1);
}

TEST(XnnpackTiles, CountOperationsAndBytes) {
  const PaperCost plain = cost_on(*find_xnnpack_tile("pi5"), conv(16, 32, "relu6"));
  EXPECT_DOUBLE_EQ(plain.operations, 2.0 * 16 * 32 * 9 * 100);
  EXPECT_DOUBLE_EQ(plain.bytes, 16 * 100 + 32 * 100 + 16 * 32 * 9);
  const PaperCost silu = cost_on(*find_xnnpack_tile("pi5"), conv(16, 32, "silu"));
  EXPECT_DOUBLE_EQ(silu.bytes - plain.bytes, 5 * 32 * 100);
  const Layer concat{{.op = "Concat", .values = 2, .height = 10, .width = 10}, 48, 48};
  EXPECT_DOUBLE_EQ(cost_on(*find_xnnpack_tile("pi5"), concat).bytes, 2 * 48 * 100);
}

}  // namespace
}  // namespace octet
