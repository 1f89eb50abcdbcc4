// Every operator in every format, in every engine, in float and in integers, beside the reference.
// A network of one operator between two convolutions is exported and run on noise.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <map>
#include <random>
#include <utility>

#include "core/error.h"
#include "engine/registry.h"
#include "format/registry.h"
#include "graph/passes/passes.h"
#include "quant/params.h"
#include "quant/reference/float_reference.h"
#include "quant/reference/integer_reference.h"
#include "quant/scales.h"
#include "testing/testing.h"
#include "tools/engines.h"

namespace octet {
namespace {

constexpr Size kSize{32, 64};
constexpr int kChannels = 8;  // of the value that the operator reads

Tensor noise(const Shape& shape, double spread, std::mt19937& random) {
  std::normal_distribution<float> normal(0, static_cast<float>(spread));
  Tensor t{.shape = shape, .values = {}};
  for (int64_t i = 0; i < element_count(shape); ++i) t.values.push_back(normal(random));
  return t;
}

struct Window {
  int outputs, kernel, stride = 1;
  Padding padding;
  int groups = 1, dilation = 1;
};

Conv2d conv(int inputs, const Window& w) {
  std::mt19937 random(static_cast<unsigned>(w.outputs * 31 + w.kernel));
  const int each = inputs / w.groups;
  return {.stride = w.stride,
          .padding = w.padding,
          .groups = w.groups,
          .dilation = w.dilation,
          .weight = noise({w.outputs, each, w.kernel, w.kernel},
                          1 / std::sqrt(1.0 * each * w.kernel * w.kernel), random),
          .bias = noise({w.outputs}, 0.3, random)};
}

Tensor transposed_weight(int kernel) {
  std::mt19937 random(3);
  return noise({kChannels, 5, kernel, kernel}, 0.2, random);
}

// What stands between the two convolutions: nodes from the value "before" to the value "x".
struct Case {
  const char* name;
  std::vector<Node> nodes;
  bool has_ties = false;  // values near the middle between two steps
  bool rescaled = false;  // by TensorFlow Lite with few bits of the factor
};

Case one(const char* name, Operator op) { return {name, {{"x", std::move(op), {"before"}}}}; }

Case ties(Case c) {
  c.has_ties = true;
  return c;
}

Case rescaled(Case c) {
  c.rescaled = true;
  return c;
}

const std::vector<Case>& cases() {
  static const std::vector<Case> list{
      one("Conv3x3", conv(kChannels, {.outputs = 12, .kernel = 3, .padding = 1})),
      one("Conv3x3Stride2",
          conv(kChannels, {.outputs = 12, .kernel = 3, .stride = 2, .padding = 1})),
      one("Conv6x6Stride2",
          conv(kChannels, {.outputs = 4, .kernel = 6, .stride = 2, .padding = 2})),
      one("ConvGroups2", conv(kChannels, {.outputs = 12, .kernel = 3, .padding = 1, .groups = 2})),
      one("ConvDepthwise", conv(kChannels, {.outputs = 8, .kernel = 3, .padding = 1, .groups = 8})),
      one("ConvDepthwiseStride2",
          conv(kChannels, {.outputs = 8, .kernel = 5, .stride = 2, .padding = 2, .groups = 8})),
      one("ConvDepthwiseMultiplier2",
          conv(kChannels, {.outputs = 16, .kernel = 3, .padding = 1, .groups = 8})),
      {"ConvDepthwiseRelu6",
       {{"d", conv(kChannels, {.outputs = 8, .kernel = 3, .padding = 1, .groups = 8}), {"before"}},
        {"x", Activation{ActivationKind::kRelu6}, {"d"}}}},
      one("ConvUnequalPadding",
          conv(kChannels, {.outputs = 16, .kernel = 3, .stride = 2, .padding = {0, 0, 1, 1}})),
      one("ConvDilated",
          conv(kChannels, {.outputs = 12, .kernel = 3, .padding = 2, .dilation = 2})),
      one("ConvDepthwiseDilated",
          conv(kChannels, {.outputs = 8, .kernel = 3, .padding = 2, .groups = 8, .dilation = 2})),
      one("TransposedConv", TransposedConv2d{.stride = 2,
                                             .padding = 1,
                                             .weight = transposed_weight(4),
                                             .bias = {{5}, {0.1F, 0, -0.5F, 1, 0.3F}}}),
      one("TransposedConvUnequal",
          TransposedConv2d{
              .stride = 2, .padding = {1, 1, 0, 0}, .weight = transposed_weight(3), .bias = {}}),
      one("TransposedConvStride3",
          TransposedConv2d{
              .stride = 3, .padding = {1, 0, 2, 1}, .weight = transposed_weight(5), .bias = {}}),
      {"TransposedConvRelu",
       {{"t",
         TransposedConv2d{.stride = 2, .padding = 0, .weight = transposed_weight(2), .bias = {}},
         {"before"}},
        {"x", Activation{ActivationKind::kRelu}, {"t"}}}},
      one("Silu", Activation{ActivationKind::kSilu}),
      one("Relu", Activation{ActivationKind::kRelu}),
      one("Relu6", Activation{ActivationKind::kRelu6}),
      one("Hardswish", Activation{ActivationKind::kHardswish}),
      one("Sigmoid", Activation{ActivationKind::kSigmoid}),
      rescaled({"SigmoidConcat",
                {{"s", Activation{ActivationKind::kSigmoid}, {"before"}},
                 {"x", Concat{}, {"s", "other"}}}}),
      one("Prelu", Prelu{.slope = {{kChannels}, {0.1F, 0, 0.5F, -1, 1, 2, 0.3F, 0}}}),
      {"ReluOfMaxPool",
       {{"most", MaxPool{.kernel = 3, .stride = 1, .padding = 1}, {"before"}},
        {"x", Activation{ActivationKind::kRelu}, {"most"}}}},
      {"ReluOfWhatOthersRead",
       {{"above", Activation{ActivationKind::kRelu}, {"before"}},
        {"x", Concat{}, {"above", "before"}}}},
      {"Add", {{"x", Add{}, {"before", "other"}}}},
      {"AddRelu",
       {{"sum", Add{}, {"before", "other"}}, {"x", Activation{ActivationKind::kRelu}, {"sum"}}}},
      {"AddRelu6",
       {{"sum", Add{}, {"before", "other"}}, {"x", Activation{ActivationKind::kRelu6}, {"sum"}}}},
      {"AddHardswish",
       {{"sum", Add{}, {"before", "other"}},
        {"x", Activation{ActivationKind::kHardswish}, {"sum"}}}},
      ties({"Mul", {{"x", Mul{}, {"before", "other"}}}}),
      ties({"MulByChannels",
            {{"factor", GlobalAvgPool{}, {"other"}}, {"x", Mul{}, {"before", "factor"}}}}),
      {"MulBySigmoid",
       {{"gate", Activation{ActivationKind::kSigmoid}, {"other"}},
        {"x", Mul{}, {"before", "gate"}}}},
      {"Concat", {{"x", Concat{}, {"before", "other"}}}},
      one("Slice", Slice{2, 7}),
      one("ChannelShuffle", ChannelShuffle{2}),
      one("DepthToSpace", DepthToSpace{2}),
      one("Crop", Crop{.sides = {1, 0, 2, 3}}),
      one("CropRows", Crop{.sides = {0, 0, 1, 0}}),
      one("Pad", Pad{.padding = {1, 0, 2, 3}, .channels = 0, .value = 0}),
      one("PadWithOnes", Pad{.padding = 1, .channels = 2, .value = 1}),
      one("MaxPool2Stride2", MaxPool{.kernel = 2, .stride = 2, .padding = 0}),
      one("MaxPool3Stride2Unequal", MaxPool{.kernel = 3, .stride = 2, .padding = {0, 0, 1, 1}}),
      one("MaxPool3Unequal", MaxPool{.kernel = 3, .stride = 1, .padding = {2, 0, 1, 1}}),
      one("MaxPool5", MaxPool{.kernel = 5, .stride = 1, .padding = 2}),
      one("MaxPool3Stride2", MaxPool{.kernel = 3, .stride = 2, .padding = 1}),
      ties(one("AvgPool2", AvgPool{.kernel = 2, .stride = 1})),
      ties(one("AvgPool2Stride2", AvgPool{.kernel = 2, .stride = 2})),
      {"AvgPool2MaxPool3Stride2",
       {{"mean", AvgPool{.kernel = 2, .stride = 1}, {"before"}},
        {"x", MaxPool{.kernel = 3, .stride = 2, .padding = 1}, {"mean"}}},
       true},
      ties(one("GlobalAvgPool", GlobalAvgPool{})),
      ties(one("ResizeBilinear2", ResizeBilinear{2, PixelGrid::kHalfPixel})),
      ties(one("ResizeBilinear3", ResizeBilinear{3, PixelGrid::kHalfPixel})),
      ties(one("ResizeBilinearCorners", ResizeBilinear{2, PixelGrid::kAlignCorners})),
      ties(one("ResizeBilinearAsymmetric", ResizeBilinear{2, PixelGrid::kAsymmetric})),
      one("ResizeNearest2", ResizeNearest{2}),
      one("ResizeNearest3", ResizeNearest{3}),
  };
  return list;
}

// image → "before", "other" → the case → "after", the only output.
Model model_of(const Case& c) {
  Model m;
  m.graph.nodes = {{"before",
                    conv(3, {.outputs = kChannels, .kernel = 3, .stride = 2, .padding = 1}),
                    {"image"}},
                   {"other", conv(3, {.outputs = kChannels, .kernel = 2, .stride = 2}), {"image"}}};
  m.graph.nodes.insert(m.graph.nodes.end(), c.nodes.begin(), c.nodes.end());
  std::vector<Shape> shapes{{1, kChannels, kSize.height / 2, kSize.width / 2}};
  std::map<std::string, Shape> of{{"before", shapes[0]}, {"other", shapes[0]}};
  for (const Node& node : c.nodes) {
    std::vector<Shape> in;
    for (const std::string& name : node.inputs) in.push_back(of.at(name));
    of[node.name] = output_shape(node.op, node.name, in);
  }
  m.graph.nodes.push_back(
      {"after", conv(static_cast<int>(of.at("x")[1]), {.outputs = 6, .kernel = 1}), {"x"}});
  const bool reads_other = std::any_of(c.nodes.begin(), c.nodes.end(),
                                       [](const Node& n) { return n.inputs.size() > 1; });
  if (!reads_other) m.graph.nodes.erase(m.graph.nodes.begin() + 1);
  m.add_output({.value = "after", .role = OutputRole::kBox, .stride = 8});
  return m;
}

using Parameters = std::tuple<size_t, size_t>;  // of cases(), of runners()

class Operators : public testing::TestWithParam<Parameters> {
 protected:
  void SetUp() override {
    try {
      saturates_ = load_engine(runner().engine)->abilities().int8_saturates;
    } catch (const Error& e) {
      GTEST_SKIP() << e.what();
    }
  }
  [[nodiscard]] static const Case& one_case() { return cases()[std::get<0>(GetParam())]; }
  [[nodiscard]] static const Runner& runner() { return runners()[std::get<1>(GetParam())]; }

  const std::vector<uint8_t> image_ = noise_image(kSize);
  bool saturates_ = false;
};

TEST_P(Operators, ComputeInFloatAsTheReference) {
  if (runner().engine == std::string_view("armnn"))
    GTEST_SKIP() << "Arm NN's parser has no CAST, with which octet's float files begin";
  const Model model = model_of(one_case());
  const auto expected = run_in_float(model.graph, as_fractions(image_, kSize)).at("after").values;
  const auto found = run_in_engine(runner(), model, image_, kSize).at("box_8");
  ASSERT_EQ(found.size(), expected.size());
  for (size_t i = 0; i < found.size(); ++i) ASSERT_NEAR(found[i], expected[i], 2e-4) << i;
}

// The most steps of "after" that one step of each of its inputs makes.
int steps_behind(const Model& model) {
  const Quantization& q = model.quantization;
  const QuantizedConv& after = q.convs.at("after");
  const size_t inputs = after.weight.size() / after.scales.size();
  double most = 0;
  for (size_t o = 0; o < after.scales.size(); ++o) {
    double sum = 0;
    for (size_t i = 0; i < inputs; ++i) sum += std::abs(after.weight[o * inputs + i]);
    most = std::max(most, sum * after.scales[o]);
  }
  return static_cast<int>(std::ceil(most * q.values.at("x").scale / q.values.at("after").scale)) +
         1;
}

TEST_P(Operators, ComputeInIntegersAsTheReference) {
  Model float_model = model_of(one_case());
  float_model.graph = split_transposed(std::move(float_model.graph));
  const Model model =
      quantized(float_model, run_in_float(float_model.graph, as_fractions(image_, kSize)),
                saturates_ ? 7 : 8);
  const std::string name = one_case().name;
  if (runner().engine == std::string_view("armnn") &&
      (name == "ConvGroups2" || name == "ConvDepthwiseStride2" || name == "ResizeBilinear2" ||
       name == "ResizeBilinear3")) {
    EXPECT_THAT(error_of([&] { (void)run_in_engine(runner(), model, image_, kSize); }),
                testing::HasSubstr("computes wrongly"));
    return;
  }
  if (runner().engine == std::string_view("armnn") && name == "MaxPool3Unequal") {
    EXPECT_THAT(error_of([&] { (void)run_in_engine(runner(), model, image_, kSize); }),
                testing::HasSubstr("PADV2"));
    return;
  }
  if (runner().engine == std::string_view("armnn")) {
    const std::string refusal =
        error_of([&] { (void)run_in_engine(runner(), model, image_, kSize); });
    for (const char* missing : {"PADV2", "PRELU", "MEAN", "RESIZE_BILINEAR"}) {
      if (refusal.find(missing) != std::string::npos)
        GTEST_SKIP() << "Arm NN's parser has no " << missing;
    }
  }
  const auto expected = IntegerReference(model).run(image_, kSize);
  const auto found = run_in_engine(runner(), model, image_, kSize).at("box_8");
  const IntegerTensor& wanted = expected.at("after");
  ASSERT_EQ(found.size(), wanted.values.size());
  const bool rounds_otherwise =
      (one_case().has_ties && runner().rounds_ties_up) ||
      (one_case().rescaled && runner().format == std::string_view("tflite"));
  // TensorFlow Lite's own kernels have the places of three pixels in parts of 1024 only.
  const int places = name == "ResizeBilinear3" ? 1 : 0;
  const int limit = rounds_otherwise ? steps_behind(model) + places : 2;
  int64_t equal = 0;
  for (size_t i = 0; i < found.size(); ++i) {
    const int q = quantize(found[i], wanted.params);
    ASSERT_LE(std::abs(q - wanted.values[i]), limit) << i;
    equal += q == wanted.values[i] ? 1 : 0;
  }
  RecordProperty("equal", fmt::format("{}/{}", equal, found.size()));
  EXPECT_GE(static_cast<double>(equal),
            (rounds_otherwise ? 0.4 : 0.97) * static_cast<double>(found.size()));
}

std::string name_of(const testing::TestParamInfo<Parameters>& info) {
  return fmt::format("{}_{}", cases()[std::get<0>(info.param)].name,
                     runners()[std::get<1>(info.param)].name);
}

INSTANTIATE_TEST_SUITE_P(All, Operators,
                         testing::Combine(testing::Range(size_t{0}, cases().size()),
                                          testing::Range(size_t{0}, runners().size())),
                         name_of);

// A convolution of one channel whose results lie in the middle between two steps one time in sixteen.
class OneChannel : public testing::TestWithParam<size_t> {};

TEST_P(OneChannel, RoundsTiesToEven) {
  const Runner& runner = runners()[GetParam()];
  if (runner.engine == std::string_view("armnn") || runner.rounds_ties_up)
    GTEST_SKIP() << "it rounds ties otherwise";
  int bits = 8;
  try {
    if (load_engine(runner.engine)->abilities().int8_saturates) bits = 7;
  } catch (const Error& e) {
    GTEST_SKIP() << e.what();
  }
  const std::vector<uint8_t> image = noise_image(kSize);
  Model model = model_of(one("Relu", Activation{ActivationKind::kRelu}));
  model.graph.nodes.back().op = conv(kChannels, {.outputs = 1, .kernel = 1});
  model = quantized(model, run_in_float(model.graph, as_fractions(image, kSize)), bits);
  const QuantParams& in = model.quantization.values.at("x");
  model.quantization.values.at("after") = {.scale = in.scale * 4, .zero_point = 10};
  QuantizedConv& q = model.quantization.convs.at("after");
  q = {.scales = {37.0F / 256}, .weight = {64, -64, 64, 0, 64, -64, -64, 64}, .bias = {640}};
  dequantize_into(std::get<Conv2d>(model.graph.nodes.back().op), q, in);
  const IntegerTensor wanted = IntegerReference(model).run(image, kSize).at("after");
  const auto found = run_in_engine(runner, model, image, kSize).at("box_8");
  ASSERT_EQ(found.size(), wanted.values.size());
  for (size_t i = 0; i < found.size(); ++i)
    ASSERT_EQ(quantize(found[i], wanted.params), wanted.values[i]) << i;
}

INSTANTIATE_TEST_SUITE_P(All, OneChannel, testing::Range(size_t{0}, runners().size()),
                         [](const auto& one) { return std::string(runners()[one.param].name); });

}  // namespace
}  // namespace octet
