// Networks of other families than YOLOv8, from the layers of a checkpoint.
#include "model/families/families.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cmath>
#include <numeric>
#include <random>

#include "graph/passes/passes.h"
#include "model/blocks/blocks.h"
#include "quant/reference/float_reference.h"
#include "testing/testing.h"

namespace octet {
namespace {

using testing::HasSubstr;

// Layers with random weights, as a checkpoint reader gives them.
class Layers {
 public:
  Module conv2d(const std::string& name, int outputs, int inputs, int kernel, int stride = 1) {
    Module m{.name = name, .type = "Conv2d"};
    m.tensors["weight"] =
        noise({outputs, inputs, kernel, kernel}, 1 / std::sqrt(1.0 * inputs * kernel * kernel));
    m.number_attributes = {{"stride", {1.0 * stride, 1.0 * stride}},
                           {"padding", {1.0 * ((kernel - 1) / 2), 1.0 * ((kernel - 1) / 2)}},
                           {"groups", {1}}};
    return m;
  }
  Module norm(int channels) {
    Module m{.name = "bn", .type = "BatchNorm2d"};
    for (const char* key : {"weight", "running_var"}) {
      m.tensors[key] = noise({channels}, 0.1);
      for (float& v : m.tensors[key].values) v = 1 + std::abs(v);
    }
    for (const char* key : {"bias", "running_mean"}) m.tensors[key] = noise({channels}, 0.1);
    m.number_attributes["eps"] = {1e-3};
    return m;
  }
  Module conv(const std::string& name, int outputs, int inputs, int kernel = 1, int stride = 1,
              bool activated = true) {
    Module m{.name = name, .type = "Conv"};
    m.children = {conv2d("conv", outputs, inputs, kernel, stride), norm(outputs)};
    m.children.push_back({.name = "act", .type = activated ? "SiLU" : "Identity"});
    return m;
  }
  Module rep_conv(const std::string& name, int channels, bool shortcut) {
    Module m{.name = name, .type = "RepConv"};
    m.children = {conv("conv1", channels, channels, 3, 1, false),
                  conv("conv2", channels, channels, 1, 1, false)};
    if (shortcut) m.children.push_back(norm(channels));
    m.children.push_back({.name = "act", .type = "SiLU"});
    return m;
  }
  Module bottleneck(const std::string& name, const char* type, int channels, bool rep) {
    Module m{.name = name, .type = type, .number_attributes = {{"add", {1}}}};
    m.children = {rep ? rep_conv("cv1", channels, false) : conv("cv1", channels, channels),
                  conv("cv2", channels, channels, 3)};
    return m;
  }
  // C3, and RepCSP.
  Module c3(const std::string& name, int outputs, int inputs, bool rep = false) {
    const int hidden = outputs / 2;
    Module m{.name = name, .type = rep ? "RepCSP" : "C3"};
    Module chain{.name = "m", .type = "Sequential"};
    chain.children = {bottleneck("0", rep ? "RepBottleneck" : "Bottleneck", hidden, rep)};
    m.children = {conv("cv1", hidden, inputs), conv("cv2", hidden, inputs),
                  conv("cv3", outputs, 2 * hidden), chain};
    return m;
  }
  Module elan4(const std::string& name, int outputs, int inputs) {
    Module m{.name = name, .type = "RepNCSPELAN4"};
    const auto stage = [&](const char* stage_name) {
      Module s{.name = stage_name, .type = "Sequential"};
      s.children = {c3("0", 4, 4, true), conv("1", 4, 4, 3)};
      return s;
    };
    m.children = {conv("cv1", 8, inputs), stage("cv2"), stage("cv3"), conv("cv4", outputs, 16)};
    return m;
  }
  Module elan1(const std::string& name, int outputs, int inputs) {
    Module m{.name = name, .type = "ELAN1"};
    m.children = {conv("cv1", 8, inputs), conv("cv2", 4, 4, 3), conv("cv3", 4, 4, 3),
                  conv("cv4", outputs, 16)};
    return m;
  }
  Module aconv(const std::string& name, int outputs, int inputs) {
    Module m{.name = name, .type = "AConv"};
    m.children = {conv("cv1", outputs, inputs, 3, 2)};
    return m;
  }
  Module adown(const std::string& name, int outputs, int inputs) {
    Module m{.name = name, .type = "ADown"};
    m.children = {conv("cv1", outputs / 2, inputs / 2, 3, 2), conv("cv2", outputs / 2, inputs / 2)};
    return m;
  }
  Module sppelan(const std::string& name, int outputs, int inputs) {
    Module m{.name = name, .type = "SPPELAN"};
    m.children = {conv("cv1", 4, inputs)};
    for (const char* pool : {"cv2", "cv3", "cv4"})
      m.children.push_back(
          {.name = pool,
           .type = "MaxPool2d",
           .number_attributes = {{"kernel_size", {5}}, {"stride", {1}}, {"padding", {2}}}});
    m.children.push_back(conv("cv5", outputs, 16));
    return m;
  }
  Module detect(const std::vector<int>& channels) {
    Module m{.name = "head", .type = "Detect"};
    Module dfl{.name = "dfl", .type = "DFL"};
    Module bins{.name = "conv", .type = "Conv2d"};
    bins.tensors["weight"] = {{1, 4, 1, 1}, {0, 1, 2, 3}};
    dfl.children = {bins};
    m.children = {dfl};
    for (const auto& [branch, outputs] : {std::pair{"cv2", 16}, {"cv3", 2}}) {
      Module list{.name = branch, .type = "ModuleList"};
      for (size_t i = 0; i < channels.size(); ++i) {
        Module s{.name = std::to_string(i), .type = "Sequential"};
        s.children = {conv("0", 8, channels[i], 3), conv2d("1", outputs, 8, 1)};
        s.children.back().tensors["bias"] = noise({outputs}, 0.1);
        list.children.push_back(std::move(s));
      }
      m.children.push_back(std::move(list));
    }
    m.number_attributes = {{"reg_max", {4}}, {"nc", {2}}};
    m.tensors["stride"] = {{1}, {16}};
    return m;
  }

 private:
  Tensor noise(const Shape& shape, double spread) {
    std::normal_distribution<float> normal(0, static_cast<float>(spread));
    Tensor t{.shape = shape, .values = {}};
    for (int64_t i = 0; i < element_count(shape); ++i) t.values.push_back(normal(random_));
    return t;
  }
  std::mt19937 random_{11};
};

Module network(std::vector<Module> layers) {
  Module list{.name = "model", .type = "Sequential"};
  list.children = std::move(layers);
  Module root{.name = "", .type = "DetectionModel"};
  root.children = {std::move(list)};
  return root;
}

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
