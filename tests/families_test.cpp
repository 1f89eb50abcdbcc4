// Networks of other families than YOLOv8, from the layers of a checkpoint.
#include "model/families/families.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <numeric>
#include <random>

#include "graph/passes/passes.h"
#include "model/blocks/blocks.h"
#include "quant/reference/float_reference.h"
#include "testing/testing.h"
#include "tools/layers.h"

namespace octet {
namespace {

using testing::HasSubstr;

ModelInfo two_classes() {
  ModelInfo info;
  info.names = {"a", "b"};
  return info;
}

FloatTensor noise_image(int channels, int side) {
  std::mt19937 random(5);
  std::uniform_real_distribution<float> uniform(0, 1);
  FloatTensor x{.shape = {channels, side, side}, .values = {}};
  for (int i = 0; i < channels * side * side; ++i) x.values.push_back(uniform(random));
  return x;
}

TEST(Families, Yolov9IsReadAndComputes) {
  Layers layers;
  const Model model = build_network(
      network({layers.conv("0", 4, 3, 3, 2), layers.elan1("1", 8, 4), layers.aconv("2", 8, 8),
               layers.elan4("3", 8, 8), layers.adown("4", 8, 8), layers.sppelan("5", 8, 8),
               layers.conv("6", 8, 8, 3, 2), layers.detect({8})}),
      two_classes());
  EXPECT_EQ(model.info.family, "YOLOv9");
  EXPECT_EQ(model.outputs().size(), 2U);
  const Graph folded = fold_batch_norm(model.graph);
  const auto values = run_in_float(folded, noise_image(3, 64));
  for (const Output& o : model.outputs())
    EXPECT_EQ(values.at(folded.outputs[o.role == OutputRole::kBox ? 0 : 1]).shape[1], 4)
        << o.name();
}

// What the branches compute one by one adds up to the one convolution.
TEST(Families, RepConvIsTheSumOfItsBranches) {
  for (const bool shortcut : {false, true}) {
    Layers layers;
    const Module rep = layers.rep_conv("r", 4, shortcut);
    Graph whole;
    NetworkBuilder net(whole);
    const std::string stem =
        net.add("stem", Conv2d{.weight = {{4, 3, 1, 1}, std::vector<float>(12, 0.3F)}, .bias = {}},
                {whole.input});
    const std::string out = find_block("RepConv")(net, rep, {.inputs = {stem}, .path = "r"});
    Graph branches;
    NetworkBuilder parts(branches);
    (void)parts.add("stem", std::get<Conv2d>(whole.nodes[0].op), {branches.input});
    std::string sum =
        parts.add("sum", Add{},
                  {build_child(parts, rep, {.inputs = {"stem"}, .path = "r"}, "conv1", "stem"),
                   build_child(parts, rep, {.inputs = {"stem"}, .path = "r"}, "conv2", "stem")});
    if (shortcut)
      sum = parts.add("all", Add{},
                      {sum, parts.add("bn", read_batch_norm(*rep.child("bn"), "bn"), {"stem"})});
    const std::string act = parts.add("act", Activation{}, {sum});
    const FloatTensor image = noise_image(3, 8);
    const auto found = run_in_float(whole, image).at(out).values;
    // BatchNorm behind no convolution of its own: by its formula.
    for (Node& node : branches.nodes) {
      if (node.name != "bn") continue;
      Conv2d one{.weight = {{4, 4, 1, 1}, std::vector<float>(16, 0.0F)}, .bias = {}};
      for (size_t c = 0; c < 4; ++c) one.weight.values[c * 5] = 1;
      node.op = fold(std::move(one), std::get<BatchNorm>(node.op));
    }
    const auto expected = run_in_float(fold_batch_norm(branches), image).at(act).values;
    ASSERT_EQ(found.size(), expected.size());
    for (size_t i = 0; i < found.size(); ++i) ASSERT_NEAR(found[i], expected[i], 1e-5) << i;
  }
}

TEST(Families, Yolov5uIsRecognised) {
  Layers layers;
  Module downs = layers.conv("2", 8, 8, 3, 2);
  const Model model = build_network(network({layers.conv("0", 8, 3, 6, 2), layers.c3("1", 8, 8),
                                             downs, downs, downs, layers.detect({8})}),
                                    two_classes());
  EXPECT_EQ(model.info.family, "YOLOv5u");
}

// The decoder has room for 64 bins of a box side.
TEST(Families, BinsAreBounded) {
  Layers layers;
  const auto with_bins = [&](int count) {
    Module head = layers.detect({8});
    Module& dfl = head.children.at(0);
    std::vector<float> bins(static_cast<size_t>(count));
    std::iota(bins.begin(), bins.end(), 0.0F);
    dfl.children.at(0).tensors["weight"] = {{1, count, 1, 1}, bins};
    Module& last = head.children.at(1).children.at(0).children.at(1);
    last = layers.conv2d("1", 4 * count, 8, 1);
    last.tensors["bias"] = {{4 * count}, std::vector<float>(static_cast<size_t>(4 * count))};
    head.number_attributes["reg_max"] = {static_cast<double>(count)};
    const Module down = layers.conv("2", 8, 8, 3, 2);
    return error_of([&] {
      (void)build_network(
          network({layers.conv("0", 8, 3, 6, 2), layers.c3("1", 8, 8), down, down, down, head}),
          two_classes());
    });
  };
  EXPECT_EQ(with_bins(64), "");
  for (const int count : {65, 200, 1000})
    EXPECT_THAT(with_bins(count), HasSubstr(fmt::format("{} bins of a box side", count)));
}

TEST(Families, NamesWhatIsNotKnown) {
  Layers layers;
  EXPECT_THAT(
      error_of([&] {
        (void)build_network(network({layers.conv("0", 8, 3), layers.detect({8})}), two_classes());
      }),
      HasSubstr("YOLOv8, YOLOv5u, YOLOv9"));
  Module strange = layers.conv("1", 8, 8);
  strange.type = "C9";
  EXPECT_THAT(error_of([&] {
                (void)build_network(network({layers.c3("0", 8, 3), strange, layers.detect({8})}),
                                    two_classes());
              }),
              HasSubstr("model.1: a layer of type C9 is not part of YOLOv5u"));
}

}  // namespace
}  // namespace octet
