#include "measure/profile/profile.h"

#include <gtest/gtest.h>

#include "measure/profile/fallbacks.h"
#include "measure/profile/node_names.h"
#include "measure/profile/peak.h"
#include "model/passes/passes.h"

namespace octet {
namespace {

Conv2d convolution() {
  return {.weight = {.shape = {4, 3, 1, 1}, .values = std::vector<float>(12, 1)},
          .bias = {.shape = {4}, .values = std::vector<float>(4, 0)}};
}

Model small_model() {
  Model model;
  model.graph.nodes = {{"model.1.conv", convolution(), {"image"}},
                       {"model.1.act", Activation{}, {"model.1.conv"}},
                       {"model.10", Activation{}, {"model.1.act"}}};
  model.add_output({.value = "model.10", .role = OutputRole::kBox, .stride = 8});
  return model;
}

TEST(NodeNames, FindsTheNodeBehindTheNamesOfEngines) {
  const NodeNames names(small_model());
  EXPECT_EQ(names.find("model.1.conv"), "model.1.conv");
  EXPECT_EQ(names.find("model.1.conv.conv/WithoutBiases"), "model.1.conv");
  EXPECT_EQ(names.find("model.1.act.quantized.integers"), "model.1.act");
  EXPECT_EQ(names.find("model.1.conv_quant"), "model.1.conv");
  EXPECT_EQ(names.find("box_8"), "model.10") << "the name of the output in files";
  EXPECT_EQ(names.find("model.100"), "") << "another node, of another model";
  EXPECT_EQ(names.find("model.1"), "");
  EXPECT_EQ(names.find(""), "");
  EXPECT_EQ(NodeNames().find("model.10"), "");
}

TEST(NodeNames, ALayerBelongsToTheFirstNodeThatItComputes) {
  const NodeNames names(small_model());
  EXPECT_EQ(names.find(LayerTime{.name = "x",
                                 .operators = {"model.1.act", "model.1.conv.conv", "model.10"}}),
            "model.1.conv");
  EXPECT_EQ(names.find(LayerTime{.name = "model.10_abcd_reorder", .operators = {}}), "model.10");
}

TEST(NodeNames, AConvolutionAndItsActivationAreOneBlock) {
  EXPECT_EQ(block_of("model.2.cv1.conv"), "model.2.cv1");
  EXPECT_EQ(block_of("model.2.cv1.act"), "model.2.cv1");
  EXPECT_EQ(block_of("model.22.cv2.0.2"), "model.22.cv2.0.2");
}

ProfiledLayer layer(const char* node, const char* type, const char* precision, double gops = 0) {
  return {.time = {.name = node,
                   .operators = {},
                   .type = type,
                   .precision = precision,
                   .multiplications = gops * 1e9,
                   .seconds = 1},
          .node = node,
          .gops = gops};
}

TEST(Fallbacks, NameTheReasonThatIsKnown) {
  Model model = small_model();
  model.quantization.values["model.1.act"] = {};
  model.quantization.convs["model.1.conv"] = {};
  Profile p;
  p.layers = {layer("model.1.conv", "Convolution", "int8", 5),
              layer("model.1.act", "Swish", "fp32"), layer("model.10", "Swish", "bf16"),
              layer("model.1.conv", "Reorder", "fp32")};
  explain_fallbacks(&model, p);
  EXPECT_EQ(p.layers[0].time.fallback, "");
  EXPECT_EQ(p.layers[1].time.fallback,
            "the model has integers for it, and the engine no integer kernel");
  EXPECT_EQ(p.layers[2].time.fallback, "the model has no range for its values");
  EXPECT_EQ(p.layers[3].time.fallback, "") << "it converts";
  p.layers[1].time.fallback = "";
  explain_fallbacks(nullptr, p);
  EXPECT_EQ(p.layers[1].time.fallback, "the engine computes it in float") << "of an export";
  p.layers[0].time.precision = "fp32";
  p.layers[1].time.fallback = "";
  explain_fallbacks(&model, p);
  EXPECT_EQ(p.layers[1].time.fallback, "") << "a network that runs in float falls back nowhere";
}

TEST(Peaks, AreTheBestThatIsKnownOfEachPrecision) {
  Profile p;
  p.layers = {layer("a", "Convolution", "int8", 50), layer("b", "Convolution", "int8", 100),
              layer("c", "Convolution", "fp32", 40), layer("d", "Concat", "int8")};
  compare_with_peaks({{.precision = "int8", .origin = "measured", .gops = 200},
                      {.precision = "fp32", .origin = "measured", .gops = 30},
                      {.precision = "bf16", .origin = "measured", .gops = 300}},
                     p);
  EXPECT_DOUBLE_EQ(p.layers[0].of_peak.value(), 0.25);
  EXPECT_DOUBLE_EQ(p.layers[1].of_peak.value(), 0.5);
  EXPECT_DOUBLE_EQ(p.layers[2].of_peak.value(), 1);
  EXPECT_FALSE(p.layers[3].of_peak.has_value());
  ASSERT_EQ(p.peaks.size(), 2U) << "no layer runs in bf16";
  EXPECT_EQ(p.peaks[0].origin, "measured");
  EXPECT_EQ(p.peaks[1].origin, "that of the fastest layer here, c");
}

}  // namespace
}  // namespace octet
