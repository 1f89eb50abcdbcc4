#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cmath>
#include <ctime>
#include <random>

#include "core/error.h"
#include "graph/passes/passes.h"
#include "model/passes/passes.h"
#include "quant/fine_keypoints.h"
#include "quant/histogram.h"
#include "quant/params.h"
#include "quant/placement.h"
#include "quant/reference/float_reference.h"
#include "quant/reference/integer_reference.h"
#include "quant/test_models.h"
#include "testing/testing.h"

namespace octet {
namespace {

using testing::HasSubstr;

TEST(Placement, FollowsTheRulesOfTheStrictestTarget) {
  const Placement p = place_quantizers(small_model());
  EXPECT_EQ(p.convs, (std::set<std::string>{"a", "b", "head"}));
  EXPECT_TRUE(p.quantized("a")) << "before SiLU";
  EXPECT_FALSE(p.quantized("b")) << "ReLU6 is part of the convolution";
  for (const char* value : {"left", "right", "sum", "all"})
    EXPECT_EQ(p.group_of.at(value), p.group_of.at("a.act")) << value;
  EXPECT_NE(p.group_of.at("b.act"), p.group_of.at("sum"));
  EXPECT_TRUE(p.quantized("head"));
}

TEST(Placement, KeepsLayersInFloat) {
  const Placement p = place_quantizers(small_model(), {"head", "a"});
  EXPECT_EQ(p.convs, (std::set<std::string>{"b"}));
  EXPECT_FALSE(p.quantized("a"));
  EXPECT_FALSE(p.quantized("head"));
  EXPECT_TRUE(p.quantized("a.act")) << "b reads it";
}

// image → a → b → add → ReLU → head, and a sigmoid and a PReLU of it, each an output.
Model raw_model() {
  Model m;
  m.info.task = Task::kRaw;
  m.graph.nodes = {{"a", conv(4, 3, 3), {"image"}},
                   {"b", conv(4, 4, 3), {"a"}},
                   {"sum", Add{}, {"a", "b"}},
                   {"sum.act", Activation{ActivationKind::kRelu}, {"sum"}},
                   {"head", conv(2, 4, 1), {"sum.act"}},
                   {"score", Activation{ActivationKind::kSigmoid}, {"head"}},
                   {"large", ResizeBilinear{}, {"score"}},
                   {"bent", Prelu{.slope = {{2}, {0.1F, 0.5F}}}, {"head"}}};
  for (const char* value : {"large", "bent"})
    m.add_output({.value = value, .role = OutputRole::kRaw, .stride = 0, .raw = {.name = value}});
  return m;
}

TEST(Placement, QuantizesAllThatDependsOnIntegers) {
  const Placement p = place_quantizers(raw_model());
  EXPECT_FALSE(p.quantized("sum")) << "ReLU is part of the sum";
  for (const char* value : {"sum.act", "head", "score", "large", "bent"})
    EXPECT_TRUE(p.quantized(value)) << value;
  const auto fixed = [&](const char* value) {
    const auto found = p.fixed.find(p.group_of.at(value));
    return found == p.fixed.end() ? QuantParams{} : found->second;
  };
  EXPECT_EQ(fixed("image"), kImageParams);
  EXPECT_EQ(fixed("score"), kSigmoidParams);
  EXPECT_EQ(fixed("large"), kSigmoidParams) << "only holds values of the sigmoid";
  EXPECT_EQ(p.fixed.size(), 2U);
  const Placement kept = place_quantizers(raw_model(), {"head"});
  for (const char* value : {"head", "score", "large", "bent"})
    EXPECT_FALSE(kept.quantized(value)) << value;
}

TEST(Placement, RefusesTransposedConvolutions) {
  Model m = raw_model();
  m.graph.nodes[1].op = TransposedConv2d{.weight = filled({4, 4, 2, 2}, 0.5F), .bias = {}};
  EXPECT_THAT(error_of([&] { (void)place_quantizers(m); }), HasSubstr("[TransposedConv2d b]"));
}

TEST(Params, ScalesAreShortAndZeroIsExact) {
  std::mt19937 random(1);
  std::uniform_real_distribution<double> any(0.001, 50);
  for (int i = 0; i < 1000; ++i) {
    const double low = -any(random);
    const double high = any(random);
    const QuantParams p = params_for_range(low, high);
    for (int k = 1; k <= 256; ++k) {  // every limit is exact in float32
      const float limit = p.scale * static_cast<float>(k);
      EXPECT_EQ(static_cast<double>(limit), static_cast<double>(p.scale) * k);
    }
    EXPECT_NEAR(p.scale, (high - low) / 255, 2e-5 * p.scale);
    EXPECT_EQ(dequantize(p.zero_point, p), 0.0F);
    EXPECT_NEAR(p.low(), low, p.scale);
    EXPECT_NEAR(p.high(), high, p.scale);
  }
  EXPECT_EQ(params_for_range(0, 6).zero_point, -128);
  EXPECT_EQ(params_for_range(1, 2).low(), 0) << "zero is always contained";
}

TEST(Params, ConvolutionsKeepTheirRules) {
  Conv2d op = conv(3, 1, 1);
  op.weight.values = {1.0F, 0.0F, 1e-12F};
  op.bias.values = {0.5F, 0.5F, 5.0F};
  const auto scales = weight_scales(op.weight, {});
  EXPECT_NEAR(scales[0], 1.0 / 127, 1e-6);
  EXPECT_EQ(scales[1], scales[2]) << "an all-zero channel takes the smallest scale";
  const QuantizedConv q = quantize_conv(op, scales, kImageParams, {});
  EXPECT_EQ(q.weight[0], 127);
  for (size_t c = 0; c < 3; ++c) {
    EXPECT_LT(std::abs(q.bias[c]), 1 << 30);
    EXPECT_NEAR(q.bias[c] * static_cast<double>(kImageParams.scale * q.scales[c]),
                op.bias.values[c], kImageParams.scale * q.scales[c] / 2);
  }
  EXPECT_EQ(
      quantize_conv(op, weight_scales(op.weight, {.bits = 7}), kImageParams, {.bits = 7}).weight[0],
      63);
}

TEST(Histogram, MergesAndFindsRanges) {
  std::mt19937 random(2);
  std::normal_distribution<float> normal(0, 1);
  Histogram h;
  for (int part = 0; part < 10; ++part) {
    std::vector<float> values(20000);
    for (float& v : values) v = normal(random);
    h.add(values);
  }
  const std::vector<float> outlier{100.0F};
  h.add(outlier);
  EXPECT_EQ(h.count(), 200001);
  EXPECT_EQ(h.range(RangeMethod::kMinMax).high, 100);
  EXPECT_NEAR(h.range(RangeMethod::kPercentile).high, 4.3, 0.4);
  EXPECT_LT(h.range(RangeMethod::kEntropy).high, 60);
  // One value of 200,000 is worth a finer step for all others: 100² is not.
  EXPECT_LE(h.range(RangeMethod::kSquaredError).high, 100);
  EXPECT_GE(h.range(RangeMethod::kSquaredError).high, 3.5);
}

void quantize_convs(Model& m) {
  for (Node& node : m.graph.nodes) {
    auto* op = std::get_if<Conv2d>(&node.op);
    if (op == nullptr) continue;
    const QuantParams& in = m.quantization.values.at(node.inputs[0]);
    auto q = quantize_conv(*op, weight_scales(op->weight, {}), in, {});
    dequantize_into(*op, q, in);
    m.quantization.convs[node.name] = std::move(q);
  }
}

Model quantized_model() {
  Model m = small_model();
  const Placement p = place_quantizers(m);
  const std::map<std::string, QuantParams> wanted{{"a", params_for_range(-4, 4)},
                                                  {"a.act", params_for_range(-0.3, 4)},
                                                  {"b.act", params_for_range(0, 6)},
                                                  {"head", params_for_range(-8, 3)}};
  for (const auto& [name, params] : wanted) {
    for (const std::string& value : p.groups[p.group_of.at(name)])
      m.quantization.values[value] = params;
  }
  m.quantization.values["image"] = kImageParams;
  quantize_convs(m);
  return m;
}

TEST(IntegerReference, ComputesByHand) {
  const Model m = quantized_model();
  verify_quantization(m);
  const IntegerReference reference(m);
  const std::vector<uint8_t> picture(4 * 4 * 3, 51);  // 0.2 everywhere
  const auto values = reference.run(picture, {4, 4});
  EXPECT_FALSE(values.contains("b"));
  // In the middle of the first convolution 27 products of 0.2 · 0.5, and 0.25.
  const IntegerTensor& a = values.at("a");
  EXPECT_NEAR(a.real()[5], 2.95, a.params.scale);
  EXPECT_NEAR(values.at("a.act").real()[5], 2.95 / (1 + std::exp(-2.95)), 0.03);
  // In the corner 12 products.
  EXPECT_NEAR(a.real()[0], 1.45, a.params.scale);
  EXPECT_EQ(values.at("b.act").real()[5], values.at("b.act").params.high()) << "clamped to 6";
  EXPECT_EQ(values.at("all").shape, (Shape{6, 4, 4}));
}

IntegerTensor one_row(std::vector<int8_t> values, const QuantParams& params = {0.5F, 0}) {
  const auto width = static_cast<int64_t>(values.size());
  return {.shape = {1, 1, width}, .params = params, .values = std::move(values)};
}

std::vector<int8_t> computed(const Operator& op, const std::vector<IntegerTensor>& in,
                             const QuantParams& out) {
  std::vector<const IntegerTensor*> inputs;
  for (const IntegerTensor& x : in) inputs.push_back(&x);
  return compute(op, inputs, {.out = out}).values;
}

TEST(IntegerReference, BilinearHalvesAreRoundedUp) {
  const ResizeBilinear twice{2, PixelGrid::kHalfPixel};
  const QuantParams p{0.5F, 0};
  // Between 0 and 2: 0.5 and 1.5 steps; between −2 and 0: −1.5 and −0.5.
  const std::vector<int8_t> above{0, 1, 2, 2};
  const std::vector<int8_t> below{-2, -1, 0, 0};
  for (const auto& [row, wanted] : {std::pair{one_row({0, 2}), above}, {one_row({-2, 0}), below}}) {
    const std::vector<int8_t> found = computed(twice, {row}, p);
    EXPECT_EQ(std::vector<int8_t>(found.begin(), found.begin() + 4), wanted);
    EXPECT_EQ(std::vector<int8_t>(found.begin() + 4, found.end()), wanted) << "the second row";
  }
  // Corners on one another: thirds.
  EXPECT_EQ(computed(ResizeBilinear{2, PixelGrid::kAlignCorners}, {one_row({0, 100})}, p),
            (std::vector<int8_t>{0, 33, 67, 100, 0, 33, 67, 100}));
}

TEST(IntegerReference, ComputesOperatorsOfOtherNetworks) {
  const QuantParams in{0.5F, 10};
  const QuantParams out{0.25F, -20};
  // (q − 10) · 0.5 times (r − 10) · 0.5, in quarters from −20 on.
  EXPECT_EQ(computed(Mul{}, {one_row({12, 8, 127}, in), one_row({13, 13, 127}, in)}, out),
            (std::vector<int8_t>{-14, -26, 127}));
  EXPECT_EQ(computed(Prelu{.slope = {{1}, {0.75F}}}, {one_row({14, 6, 8}, in)}, out),
            (std::vector<int8_t>{-12, -26, -23}));
  EXPECT_EQ(computed(GlobalAvgPool{}, {one_row({1, 2, 6}, in)}, in), (std::vector<int8_t>{3}));
  EXPECT_EQ(
      computed(Pad{.padding = {0, 1, 0, 1}, .channels = 0, .value = 2}, {one_row({1}, in)}, in),
      (std::vector<int8_t>{14, 1, 14}));
}

TEST(Prelu, RoundedSlopesStay) {
  std::mt19937 random(3);
  std::normal_distribution<float> normal(0, 0.3F);
  for (int i = 0; i < 200; ++i) {
    Tensor slope{{5}, {}};
    for (int k = 0; k < 5; ++k) slope.values.push_back(normal(random));
    const float step = slope_scale(slope);
    const Tensor before = slope;
    round_slopes(slope);
    EXPECT_EQ(slope_scale(slope), step);
    for (size_t k = 0; k < 5; ++k) EXPECT_NEAR(slope.values[k], before.values[k], step * 0.501F);
    Tensor again = slope;
    round_slopes(again);
    EXPECT_EQ(again.values, slope.values);
  }
}

// Kernels that are no multiple of the stride, and sides that are cut off.
TEST(SplitTransposed, KeepsTheFunction) {
  std::mt19937 random(5);
  std::normal_distribution<float> normal(0, 1);
  const auto noise = [&](Shape shape) {
    Tensor t = filled(std::move(shape), 0);
    for (float& v : t.values) v = normal(random);
    return t;
  };
  for (const auto& [stride, rows, columns, padding] : {std::tuple{2, 4, 4, Padding(1)},
                                                       {2, 3, 3, Padding(1, 1, 0, 0)},
                                                       {3, 5, 2, Padding()},
                                                       {2, 2, 2, Padding()},
                                                       {1, 3, 3, Padding(1)},
                                                       {3, 7, 4, Padding(2, 0, 3, 1)}}) {
    SCOPED_TRACE(fmt::format("stride {}, {} x {}", stride, rows, columns));
    Graph graph;
    graph.nodes = {{"t",
                    TransposedConv2d{.stride = stride,
                                     .padding = padding,
                                     .weight = noise({3, 4, rows, columns}),
                                     .bias = noise({4})},
                    {"image"}},
                   {"t.relu", Activation{ActivationKind::kRelu}, {"t"}}};
    graph.outputs = {"t.relu"};
    const FloatTensor image{.shape = {3, 5, 6}, .values = noise({3, 5, 6}).values};
    const Graph split = split_transposed(graph);
    EXPECT_TRUE(std::holds_alternative<Conv2d>(split.nodes[0].op));
    EXPECT_TRUE(std::holds_alternative<Activation>(split.nodes[1].op)) << "before pixels move";
    const FloatTensor wanted = run_in_float(graph, image).at("t.relu");
    const FloatTensor found = run_in_float(split, image).at("t.relu");
    ASSERT_EQ(found.shape, wanted.shape);
    for (size_t i = 0; i < wanted.values.size(); ++i)
      ASSERT_NEAR(found.values[i], wanted.values[i], 1e-5) << i;
  }
}

// One convolution of stride 32 for each output of a head of `points` keypoints.
Model keypoint_model(int points) {
  Model m;
  m.info.task = Task::kPose;
  m.info.names = {"person"};
  m.info.head = {.strides = {32}, .bins = {0, 1}, .keypoints = points, .keypoint_dims = 2};
  for (const OutputRole role : m.info.head.roles()) {
    Conv2d op = conv(m.info.head.channels(role, 1), 3, 1);
    op.stride = 32;
    const std::string name(role_name(role));
    m.graph.nodes.push_back({name, std::move(op), {m.graph.input}});
    m.add_output({.value = name, .role = role, .stride = 32});
  }
  return m;
}

TEST(FineKeypoints, MeanHasAThirdOfAStep) {
  Model m = keypoint_model(20);  // whose offsets differ by a fraction of a step
  auto& bias = std::get<Conv2d>(m.graph.nodes.back().op).bias.values;
  for (size_t i = 0; i < bias.size(); ++i) bias[i] = -1 + 0.0471F * static_cast<float>(i);
  const std::vector<float> wanted = [&] {
    std::vector<float> points = bias;
    for (float& p : points) p += 3 * 0.5F * 0.2F;
    return points;
  }();
  m = add_fine_keypoints(std::move(m));
  const std::vector<Output> outputs = m.outputs();
  ASSERT_EQ(outputs.size(), 4U);
  const Output& last = outputs.back();
  EXPECT_EQ(last.name(), "fine_keypoint_32");
  const Placement placement = place_quantizers(m);
  EXPECT_EQ(placement.group_of.at("keypoint"), placement.group_of.at(last.value));
  std::vector<QuantParams> groups(placement.groups.size(), params_for_range(-2, 2));
  groups[placement.group_of.at("image")] = kImageParams;
  const float step = groups[placement.group_of.at("keypoint")].scale;
  spread_fine_keypoints(m, placement, groups);
  for (const auto& [value, group] : placement.group_of)
    m.quantization.values[value] = groups[group];
  quantize_convs(m);
  const std::vector<uint8_t> picture(3, 51);  // one pixel of 0.2
  const auto values = IntegerReference(m).run(picture, {1, 1});
  const auto plain = values.at("keypoint").real();
  const auto fine = values.at(last.value).real();
  float worst = 0;
  for (size_t i = 0; i < wanted.size(); ++i) {
    const float mean = (plain[i] + fine[i] + fine[i + wanted.size()]) / 3;
    EXPECT_NEAR(mean, wanted[i], step / 6 * 1.02F) << i;
    worst = std::max(worst, std::abs(plain[i] - wanted[i]));
  }
  EXPECT_GT(worst, step / 6 * 2) << "one alone is off by half a step";
}

TEST(IntegerReference, RefusesFloatParts) {
  Model m = quantized_model();
  m.quantization.convs.erase("head");
  EXPECT_THAT(error_of([&] { const IntegerReference r(m); }), HasSubstr("head"));
}

TEST(Quantization, SharingIsVerified) {
  Model m = quantized_model();
  m.quantization.values["left"].scale *= 2;
  EXPECT_THAT(error_of([&] { verify_quantization(m); }), HasSubstr("left"));
}

// Each of the names is looked for among the nodes: one after another that would be ten billion steps.
TEST(Quantization, ManyValuesAreVerifiedInNoTime) {
  Model m;
  m.quantization.values["image"] = kImageParams;
  for (int i = 0; i < 100'000; ++i) {
    const std::string name = "n" + std::to_string(i);
    m.graph.nodes.push_back(
        {name, Activation{ActivationKind::kRelu}, {i == 0 ? "image" : m.graph.nodes.back().name}});
    m.quantization.values[name] = params_for_range(0, 1);
  }
  const std::clock_t began = std::clock();
  EXPECT_EQ(error_of([&] { verify_quantization(m); }), "");
  EXPECT_LT((std::clock() - began) / CLOCKS_PER_SEC, 5) << "seconds of the processor";
}

}  // namespace
}  // namespace octet
