#include "train/network/quantized_network.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cmath>

#include "format/model_file.h"
#include "measure/cost/sample_network.h"
#include "model/passes/passes.h"
#include "quant/calibration/silu_ranges.h"
#include "quant/params.h"
#include "quant/reference/integer_reference.h"
#include "testing/testing.h"
#include "train/loop/evaluate.h"
#include "train/loss/distill.h"
#include "train/network/integer_network.h"
#include "train/network/partial_run.h"
#include "train/quantize/calibrate.h"
#include "train/quantize/qat.h"

namespace octet {
namespace {

using testing::HasSubstr;

const std::string kReal = OCTET_SOURCE_DIR "/samples/yolov8n.safetensors";
const std::string kTiny = OCTET_SOURCE_DIR "/tests/data/checkpoints/v8.4.190-detect3.pt";

Model folded(const std::filesystem::path& file) {
  Model model = read_model(file);
  model = fold_batch_norm(std::move(model));
  return model;
}

QuantizedNetwork calibrated(const Model& model, const Dataset& data, int side,
                            WeightGrid grid = {}) {
  const Placement placement = place_quantizers(model);
  const Calibration c = calibrate(model, placement, data,
                                  {.side = side, .pictures = 8, .tried = 1, .weight_grid = grid});
  return {model, placement, c.scales};
}

struct Agreement {
  int64_t values = 0, equal = 0, beyond_one = 0;
};

// Every node of the integer reference on the trainer's own inputs, beside the trainer's output.
Agreement compare(QuantizedNetwork& network, const Model& model, const torch::Tensor& bytes) {
  const torch::NoGradGuard no_grad;
  std::map<std::string, IntegerTensor> fake;
  (void)network.run(to_unit(bytes), [&](const std::string& name, const torch::Tensor& real) {
    const torch::Tensor dense = real.contiguous();
    IntegerTensor t{.shape = {real.size(1), real.size(2), real.size(3)},
                    .params = *model.quantization.find(name),
                    .values = {}};
    for (int64_t i = 0; i < dense.numel(); ++i)
      t.values.push_back(quantize(dense.data_ptr<float>()[i], t.params));
    fake[name] = std::move(t);
  });
  const IntegerReference reference(model);
  Agreement sum;
  for (const Node& node : model.graph.nodes) {
    if (reference.is_fused(node)) continue;
    std::vector<const IntegerTensor*> inputs;
    for (const std::string& name : reference.inputs_of(node)) inputs.push_back(&fake.at(name));
    const IntegerTensor wanted = reference.run_node(node, inputs);
    const IntegerTensor& found = fake.at(node.name);
    Agreement own;
    for (size_t i = 0; i < wanted.values.size(); ++i) {
      const int apart = std::abs(wanted.values[i] - found.values[i]);
      ++own.values;
      own.equal += apart == 0;
      own.beyond_one += apart > 1;
    }
    EXPECT_EQ(own.beyond_one, 0) << node.name;
    EXPECT_GE(static_cast<double>(own.equal), 0.999 * static_cast<double>(own.values)) << node.name;
    sum.values += own.values;
    sum.equal += own.equal;
    sum.beyond_one += own.beyond_one;
  }
  return sum;
}

TEST(QuantizedNetwork, AgreesWithTheIntegerReference) {
  const Dataset data = read_dataset(OCTET_SOURCE_DIR "/samples/coco/data.yaml", {});
  for (const auto& [relu6, even] : {std::pair{false, false}, {true, false}, {false, true}}) {
    Model model = folded(kReal);
    for (Node& node : model.graph.nodes) {
      if (auto* act = std::get_if<Activation>(&node.op); act != nullptr && relu6)
        act->kind = ActivationKind::kRelu6;
    }
    QuantizedNetwork network = calibrated(model, data, 160, {.even = even});
    network.freeze_scales();
    const Model integers = network.model();
    const auto picture = read_letterboxed(data.samples[0].image, {160, 160});
    const Agreement a = compare(network, integers, picture.bytes);
    EXPECT_GT(a.values, 100000);
    EXPECT_GE(static_cast<double>(a.equal), 0.9995 * static_cast<double>(a.values));
  }
}

// An image with a channel of ones, squeeze and excite, a sum behind PReLU, and pixels of all kinds.
Model network_of_many_operators() {
  torch::manual_seed(3);
  const auto noise = [](std::vector<int64_t> shape, double spread) {
    const torch::Tensor t = (torch::randn(shape) * spread).contiguous();
    return Tensor{{shape.begin(), shape.end()},
                  {t.data_ptr<float>(), t.data_ptr<float>() + t.numel()}};
  };
  const auto conv = [&](int64_t out, int64_t in, int64_t kernel) {
    return Conv2d{.weight = noise({out, in, kernel, kernel}, 0.7 / static_cast<double>(kernel)),
                  .bias = noise({out}, 0.3)};
  };
  Conv2d stem = conv(8, 4, 3);
  stem.stride = 2;
  stem.padding = {0, 0, 1, 1};
  Conv2d wide = conv(8, 1, 3);
  wide.groups = 8;
  wide.dilation = 2;
  wide.padding = 2;
  Model m;
  m.info.task = Task::kRaw;
  m.graph.nodes = {
      {"ones", Pad{.padding = {}, .channels = 1, .value = 1}, {"image"}},
      {"stem", stem, {"ones"}},
      {"stem.act", Activation{ActivationKind::kRelu6}, {"stem"}},
      {"wide", wide, {"stem.act"}},
      {"wide.act", Activation{ActivationKind::kHardswish}, {"wide"}},
      {"mean", GlobalAvgPool{}, {"wide.act"}},
      {"gate", conv(8, 8, 1), {"mean"}},
      {"gate.act", Activation{ActivationKind::kSigmoid}, {"gate"}},
      {"gated", Mul{}, {"wide.act", "gate.act"}},
      {"c", conv(8, 8, 1), {"gated"}},
      {"most", MaxPool{.kernel = 3, .padding = 1}, {"c"}},
      {"most.act", Activation{ActivationKind::kRelu}, {"most"}},  // of another scale
      {"d", conv(8, 8, 1), {"most.act"}},
      {"bent", Prelu{.slope = noise({8}, 0.3)}, {"d"}},
      {"sum", Add{}, {"bent", "gated"}},
      {"sum.act", Activation{ActivationKind::kRelu}, {"sum"}},
      {"large", ResizeBilinear{2, PixelGrid::kHalfPixel}, {"sum.act"}},
      {"turned",
       TransposedConv2d{
           .stride = 2, .padding = 1, .weight = noise({8, 8, 4, 4}, 0.2), .bias = noise({8}, 0.3)},
       {"sum.act"}},
      {"both", Add{}, {"large", "turned"}},
      {"shuffled", ChannelShuffle{2}, {"both"}},
      {"corners", ResizeBilinear{2, PixelGrid::kAlignCorners}, {"shuffled"}},
      {"head", conv(3, 8, 1), {"corners"}}};
  m.add_output({.value = "head", .role = OutputRole::kRaw, .stride = 0, .raw = {.name = "result"}});
  return split_transposed(m);
}

TEST(QuantizedNetwork, AgreesOnOperatorsOfOtherNetworks) {
  const Model model = network_of_many_operators();
  const Model rough = roughly_quantized(model, 8);
  const Placement placement = place_quantizers(model);
  Scales scales;
  for (const auto& group : placement.groups)
    scales.groups.push_back(rough.quantization.values.at(group.front()));
  for (const auto& [name, q] : rough.quantization.convs) scales.weights[name] = q.scales;
  QuantizedNetwork network(model, placement, scales);
  network.freeze_scales();
  const Model integers = network.model();
  verify_quantization(integers);
  const torch::Tensor bytes = torch::randint(0, 256, {1, 3, 32, 64}, torch::kUInt8);
  const Agreement a = compare(network, integers, bytes);
  EXPECT_GE(static_cast<double>(a.equal), 0.9995 * static_cast<double>(a.values));

  const auto found = IntegerNetwork(integers).run(to_unit(bytes));
  const torch::Tensor rows = bytes[0].permute({1, 2, 0}).contiguous();
  const IntegerReference reference(integers);
  const auto wanted =
      reference.run({rows.data_ptr<uint8_t>(), static_cast<size_t>(rows.numel())}, {64, 32});
  for (const auto& [name, tensor] : wanted) {
    const torch::Tensor own = found.at(name).tensor.contiguous();
    ASSERT_EQ(static_cast<size_t>(own.numel()), tensor.values.size()) << name;
    int64_t different = 0;
    for (size_t i = 0; i < tensor.values.size(); ++i) {
      const int q = tensor.values[i] - tensor.params.zero_point;
      different += static_cast<float>(q) != own.data_ptr<float>()[i] ? 1 : 0;
    }
    EXPECT_EQ(different, 0) << name;
  }
}

// So that no engine's float32 has anything to round in an accumulator (quant/rounding_safe_scales.h).
TEST(QuantizedNetwork, StoresFactorsOfFewBits) {
  const Dataset data = read_dataset(OCTET_SOURCE_DIR "/samples/coco/data.yaml", {});
  QuantizedNetwork network = calibrated(folded(kReal), data, 160);
  {
    const torch::NoGradGuard no_grad;
    for (const auto& [name, change] : network.parameters()) {
      if (name.find("log_scale") != std::string::npos && change.requires_grad())
        change.uniform_(-0.1, 0.1);
    }
  }
  for (const bool frozen : {false, true}) {
    if (frozen) network.freeze_scales();
    const Model m = network.model();
    size_t longer = 0;
    for (const auto& [conv, q] : m.quantization.convs) {
      const QuantParams& in = *m.quantization.find(m.graph.find(conv)->inputs[0]);
      const QuantParams& out = *m.quantization.find(conv);
      EXPECT_EQ(out.zero_point % 2, 0) << conv;
      for (const float scale : q.scales) {
        int exponent = 0;
        const float bits = std::ldexp(std::frexp(in.scale * scale / out.scale, &exponent), 8);
        longer += bits != std::nearbyint(bits) ? 1 : 0;
      }
    }
    EXPECT_EQ(longer, 0U);
  }
}

// The fast one is the reference, to the integer, through all layers.
TEST(IntegerNetwork, IsTheIntegerReference) {
  const Dataset data = read_dataset(OCTET_SOURCE_DIR "/samples/coco/data.yaml", {});
  for (const ActivationKind kind : {ActivationKind::kSilu, ActivationKind::kRelu6}) {
    Model model = folded(kReal);
    for (Node& node : model.graph.nodes) {
      if (auto* act = std::get_if<Activation>(&node.op)) act->kind = kind;
    }
    const Model integers = calibrated(model, data, 160).model();
    const auto picture = read_letterboxed(data.samples[0].image, {160, 160});
    const auto found = IntegerNetwork(integers).run(to_unit(picture.bytes));
    const torch::Tensor rows = picture.bytes[0].permute({1, 2, 0}).contiguous();
    const IntegerReference reference(integers);
    const auto wanted =
        reference.run({rows.data_ptr<uint8_t>(), static_cast<size_t>(rows.numel())}, {160, 160});
    for (const auto& [name, tensor] : wanted) {
      const torch::Tensor own = found.at(name).tensor.contiguous();
      ASSERT_EQ(static_cast<size_t>(own.numel()), tensor.values.size());
      int64_t different = 0;
      for (size_t i = 0; i < tensor.values.size(); ++i) {
        const int q = tensor.values[i] - tensor.params.zero_point;
        different += static_cast<float>(q) != own.data_ptr<float>()[i] ? 1 : 0;
      }
      ASSERT_EQ(different, 0) << name;
    }
  }
}

// The rounded weights are changes of the parameters, which the state of a run holds.
TEST(QuantizedNetwork, CompensatedRoundingIsAChangeThatBringsItNearerToFloat) {
  const Dataset data = read_dataset(OCTET_SOURCE_DIR "/samples/coco/data.yaml", {});
  const Model model = folded(kReal);
  const torch::Tensor images = calibration_batch(data, 4, 128);
  const torch::NoGradGuard no_grad;
  GraphExecutor float_network(model.graph);
  const auto values = float_network.values(images);
  const auto wanted = picked(values, model.graph.outputs);
  const Distillation distance(model);
  const auto error = [&](QuantizedNetwork& network) {
    return distance(network.forward(images), wanted).item<double>();
  };
  const WeightGrid coarse{.bits = 7};
  QuantizedNetwork nearest = calibrated(model, data, 128, coarse);
  QuantizedNetwork compensated = calibrated(model, data, 128, coarse);
  compensated.compensate_rounding(values);
  EXPECT_LT(error(compensated), 0.9 * error(nearest));

  QuantizedNetwork resumed = calibrated(model, data, 128, coarse);
  for (const auto& [name, value] : resumed.parameters())
    value.detach().copy_(compensated.parameters().at(name));
  EXPECT_EQ(error(resumed), error(compensated));
}

// What is written and read again is the same network, to the integer.
TEST(QuantizedNetwork, SurvivesItsFile) {
  const Dataset data = read_dataset(OCTET_SOURCE_DIR "/samples/coco/data.yaml", {});
  QuantizedNetwork network = calibrated(folded(kTiny), data, 64);
  const Model model = network.model();
  const TemporaryFolder folder;
  write_model_file(folder / "int8.safetensors", model, StorageKind::kF32);
  const Model again = read_model(folder / "int8.safetensors");
  EXPECT_EQ(again.quantization.values, model.quantization.values);
  ASSERT_EQ(again.quantization.convs.size(), model.quantization.convs.size());
  for (const auto& [name, conv] : model.quantization.convs) {
    const QuantizedConv& other = again.quantization.convs.at(name);
    EXPECT_EQ(other.weight, conv.weight) << name;
    EXPECT_EQ(other.bias, conv.bias) << name;
    EXPECT_EQ(other.scales, conv.scales) << name;
    EXPECT_EQ(std::get<Conv2d>(again.graph.find(name)->op).weight.values,
              std::get<Conv2d>(model.graph.find(name)->op).weight.values);
  }
}

// Gradients of fake quantization against differences: rounding aside, slopes are those of the
// function, and scales follow the formula of learned step sizes.
TEST(FakeQuantize, GradientsFollowTheFormula) {
  const torch::Tensor x = torch::tensor({-9.0F, -0.26F, 0.1F, 0.74F, 40.0F}).requires_grad_(true);
  const torch::Tensor scale = torch::tensor({0.25F}).requires_grad_(true);
  const torch::Tensor y = fake_quantize(x, {.scale = scale, .zero_point = -100});
  EXPECT_TRUE(torch::equal(y.detach(), torch::tensor({-7.0F, -0.25F, 0.0F, 0.75F, 40.0F})));
  y.sum().backward();
  EXPECT_TRUE(torch::equal(x.grad(), torch::tensor({0.0F, 1.0F, 1.0F, 1.0F, 1.0F})));
  // Clamped: −28 steps. Inside: the rounding error in steps.
  const double wanted = (-28 + (-1 + 1.04) + (0 - 0.4) + (3 - 2.96) + 0) / std::sqrt(5 * 127.0);
  EXPECT_NEAR(scale.grad().item<double>(), wanted, 1e-5);
}

TEST(FakeQuantize, WeightGradientsFollowTheFormula) {
  const torch::Tensor w =
      torch::tensor({0.26F, 5.0F, -0.1F, -0.3F}).view({2, 2, 1, 1}).requires_grad_(true);
  const torch::Tensor scales = torch::tensor({0.01F, 0.1F}).requires_grad_(true);
  const torch::Tensor y = fake_quantize_weight(w, scales, 127);
  EXPECT_NEAR(y[0][1].item<float>(), 1.27F, 1e-6);
  y.sum().backward();
  EXPECT_TRUE(torch::equal(w.grad().flatten(), torch::tensor({1.0F, 0.0F, 1.0F, 1.0F})));
  EXPECT_NEAR(scales.grad()[0].item<double>(), 127 / std::sqrt(2 * 127.0), 1e-4);
}

// An activation computed by its table has the slope of SiLU where nothing is clamped.
TEST(FakeQuantize, ActivationHasItsSlope) {
  const torch::Tensor x = torch::linspace(-3, 3, 61).requires_grad_(true);
  const LearnedParams in{torch::tensor({8.0F / 255}), 0};
  const LearnedParams out{torch::tensor({0.0166F}), -111};
  fake_quantized_activation(x, ActivationKind::kSilu, in, out).sum().backward();
  const torch::Tensor plain = x.detach().clone().requires_grad_(true);
  torch::silu(plain).sum().backward();
  EXPECT_LT((x.grad() - plain.grad()).abs().max().item<double>(), 0.03);
}

// It is not looked up outside the tables.
TEST(FakeQuantize, WhatIsNotANumberIsTheLowestStep) {
  const torch::NoGradGuard no_grad;
  const torch::Tensor x = torch::full({2, 3, 20, 20}, std::nan(""));
  const torch::Tensor y = fake_quantize(x, {.scale = torch::full({1}, 0.5F), .zero_point = 10});
  EXPECT_TRUE(torch::equal(y, torch::full_like(y, -69)));
}

TEST(TrainQuantized, SaysWhatIsTornAway) {
  const TemporaryFolder folder;
  const Dataset data = read_dataset(OCTET_SOURCE_DIR "/samples/coco/data.yaml", {});
  const Model model = select_classes(folded(kTiny), data.names, 0);
  for (const double rate : {1e10, 1e37}) {
    QuantizedNetwork network = calibrated(model, data, 64);
    const std::string message = error_of([&] {
      (void)train_quantized(network, model, data, data,
                            {.train = {.epochs = 2,
                                       .side = 64,
                                       .batch = 4,
                                       .optimizer = OptimizerKind::kAdamW,
                                       .learning_rate = rate,
                                       .folder = folder.path()}});
    });
    EXPECT_THAT(message, HasSubstr("try a lower --lr")) << message;
  }
}

TEST(TrainQuantized, AnotherCalibrationIsAnotherRun) {
  const TemporaryFolder folder;
  const Dataset data = read_dataset(OCTET_SOURCE_DIR "/samples/coco/data.yaml", {});
  const Model model = select_classes(folded(kTiny), data.names, 0);
  QatOptions options{.train = {.epochs = 1,
                               .side = 64,
                               .batch = 12,
                               .optimizer = OptimizerKind::kAdamW,
                               .learning_rate = 0.001,
                               .folder = folder.path()},
                     .calibrated_on = 8};
  QuantizedNetwork network = calibrated(model, data, 64);
  const auto run = [&] { (void)train_quantized(network, model, data, data, options); };
  run();
  options.train.resume = true;
  EXPECT_EQ(error_of(run), "");
  options.calibrated_on = 4;
  EXPECT_THAT(error_of(run), HasSubstr("is of a run with another model"));
}

TEST(PartialRun, NothingChangedIsTheNetwork) {
  const Dataset data = read_dataset(OCTET_SOURCE_DIR "/samples/coco/data.yaml", {});
  const Model model = folded(kTiny);
  GraphExecutor net(model.graph);
  PartialRun run(net, to_unit(read_letterboxed(data.samples[0].image, {64, 64}).bytes));
  EXPECT_TRUE(torch::equal(run.outputs({})[0], run.outputs()[0]));
  const std::string first = model.graph.nodes[0].name;
  const auto changed = run.outputs({.values = {{first, params_for_range(-1, 1)}}, .weights = {}});
  EXPECT_FALSE(torch::equal(changed[0], run.outputs()[0]));
}

// x, its sigmoid in steps of 1/256 up to 255 of them, and their product: each is rounded.
TEST(PartialRun, SiluBetweenTwoValuesIsRoundedThreeTimes) {
  torch::manual_seed(1);  // no value halfway between two steps, where float and double differ
  Graph graph;
  Tensor weight{{1, 3, 1, 1}, {20, -9, 4}};
  graph.nodes = {{"c", Conv2d{.weight = weight, .bias = {{1}, {-5}}}, {"image"}},
                 {"c.act", Activation{ActivationKind::kSilu}, {"c"}}};
  graph.outputs = {"c.act"};
  GraphExecutor net(graph);
  const torch::Tensor image = torch::rand({1, 3, 16, 16});
  const QuantParams before = params_for_range(-8, 12), behind = params_for_range(-0.3, 9);
  const torch::Tensor given =
      PartialRun(net, image)
          .outputs({.values = {{"c", before}, {"c.act", behind}}, .weights = {}})[0];
  const torch::Tensor x = net.values(image).at("c");
  const auto rounded = [](double v, const QuantParams& p) {
    return p.scale *
           (std::clamp(std::round(v / p.scale), -128.0 - p.zero_point, 127.0 - p.zero_point));
  };
  for (int64_t i = 0; i < x.numel(); ++i) {
    const double in = rounded(x.flatten()[i].item<float>(), before);
    const double sigmoid = std::min(std::round(256 / (1 + std::exp(-in))), 255.0) / 256;
    EXPECT_NEAR(given.flatten()[i].item<float>(), rounded(in * sigmoid, behind), 1e-5) << in;
  }
}

TEST(SiluRanges, AreChosenTogether) {
  const torch::NoGradGuard no_grad;
  const Dataset data = read_dataset(OCTET_SOURCE_DIR "/samples/coco/data.yaml", {});
  const Model model = folded(kReal);
  const Placement placement = place_quantizers(model);
  const Calibration c = calibrate(model, placement, data, {.side = 96, .pictures = 8, .tried = 1});
  const auto network = calibration_network(model, data, {.side = 96, .pictures = 1, .tried = 1});
  std::vector<GroupCalibration> groups = c.groups;
  const std::vector<std::string> around{"model.1.conv", "model.1.act"};
  const auto cost = [&] {
    return distance_with(
        {&groups[placement.group_of.at(around[0])], &groups[placement.group_of.at(around[1])]},
        *network);
  };
  for (const std::string& value : around) groups[placement.group_of.at(value)].range.high *= 1.5;
  const double wide = cost();
  choose_silu_ranges(model.graph, placement, *network, groups);
  EXPECT_LT(cost(), wide / 2) << "of ranges that were too wide";
  int changed = 0;
  for (size_t g = 0; g < groups.size(); ++g) {
    EXPECT_EQ(groups[g].range.low, c.groups[g].range.low);
    changed += groups[g].range.high != c.groups[g].range.high ? 1 : 0;
  }
  EXPECT_LE(changed, 2 * 12) << "others cost too little to be worth the time";
}

}  // namespace
}  // namespace octet
