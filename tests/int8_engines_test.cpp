// The int8 model that ships, through the engines that run .tflite files: they give what the integer
// reference gives. Runs on x86-64 and, under an emulator, on aarch64.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cstdlib>

#include "engine/registry.h"
#include "format/model_file.h"
#include "format/onnx/onnx.h"
#include "format/openvino/ir.h"
#include "format/registry.h"
#include "format/tflite/tflite.h"
#include "media/image/image_io.h"
#include "model/passes/passes.h"
#include "quant/params.h"
#include "quant/reference/integer_reference.h"
#include "quant/rounding_safe_scales.h"
#include "testing/testing.h"
#include "vision/letterbox.h"

namespace octet {
namespace {

using testing::HasSubstr;
using testing::Not;

EngineSettings with_delegate(const std::string& delegate) {
  if (delegate.empty()) return {};
  return {{"delegate", delegate}};
}

// Of an output's values.
struct Agreement {
  int64_t values = 0, equal = 0, within_1 = 0;
};

class Int8Engines : public testing::Test {
 protected:
  void prepare(Size size, bool relu6 = false) {
    model_ = read_model_file(OCTET_SOURCE_DIR "/samples/yolov8n-int8.safetensors");
    model_ = fold_batch_norm(std::move(model_));
    if (relu6) replace_silu();
    size_ = size;
    file_ = folder_ / "m.tflite";
    write_tflite(file_, model_, size, Layout::kRaw);
    const Image image = read_image(OCTET_SOURCE_DIR "/samples/coco/images/val/000000000785.jpg");
    picture_.resize(static_cast<size_t>(size.width) * size.height * 3);
    Letterbox(image.size(), size).run(view(image), picture_.data());
    expected_ = IntegerReference(model_).run(picture_, size);
  }

  NetworkSource source() {
    content_ = read_export(*export_format_of(file_), file_);
    return source_of(content_, file_.string());
  }
  // All outputs of one inference, beside the reference's.
  Agreement run(const std::string& engine_name, const std::string& delegate, std::string* device) {
    const auto engine = load_engine(engine_name);
    const auto network = engine->compile(source(), size_, {.settings = with_delegate(delegate)});
    *device = network->description().device;
    return run(*network);
  }
  Agreement run(Network& network) {
    const auto request = network.make_request();
    std::copy(picture_.begin(), picture_.end(), request->input());
    request->start();
    request->wait();
    Agreement all;
    for (size_t i = 0; i < network.outputs().size(); ++i)
      add(request->outputs()[i], network.outputs()[i].name, all);
    return all;
  }

  // By ReLU6, with ranges that end below 6 and above it. What the network says then means nothing.
  void replace_silu() {
    auto& values = model_.quantization.values;
    for (auto& [name, params] : values) {
      const auto& outputs = model_.graph.outputs;
      if (std::find(outputs.begin(), outputs.end(), name) == outputs.end())
        params.zero_point = kInt8Min;
    }
    for (Node& node : model_.graph.nodes) {
      auto* act = std::get_if<Activation>(&node.op);
      if (act == nullptr) continue;
      act->kind = ActivationKind::kRelu6;
      values.erase(node.inputs[0]);
    }
    settle();
  }

  void set_weights(const WeightGrid& grid) {
    model_.quantization.weight_grid = grid;
    settle();
    write_tflite(file_, model_, size_, Layout::kRaw);
    expected_ = IntegerReference(model_).run(picture_, size_);
  }

  // As `octet quantize` does, for the activations and the bits of weights that there are now.
  void settle() {
    auto& values = model_.quantization.values;
    const Placement placement = place_quantizers(model_);
    std::vector<QuantParams> groups;
    for (const auto& members : placement.groups) groups.push_back(values.at(members.front()));
    snap_scales(model_.graph, placement, groups);
    for (const auto& [name, group] : placement.group_of) values.at(name) = groups[group];
    for (Node& node : model_.graph.nodes) {
      auto* op = std::get_if<Conv2d>(&node.op);
      if (op == nullptr) continue;
      const bool fused = !placement.quantized(node.name);
      const QuantParams& in = values.at(node.inputs[0]);
      const WeightGrid& grid = model_.quantization.weight_grid;
      QuantizedConv& conv = model_.quantization.convs.at(node.name);
      std::vector<float> scales = conv.scales;
      for (float& scale : scales) scale *= static_cast<float>(128 / (grid.limit() + 1));
      snap_weight_scales(scales, in, values.at(fused ? activation_of(node) : node.name), grid);
      conv = quantize_conv(*op, std::move(scales), in, grid);
      dequantize_into(*op, conv, in);
    }
  }
  [[nodiscard]] const std::string& activation_of(const Node& conv) const {
    return std::find_if(
               model_.graph.nodes.begin(), model_.graph.nodes.end(),
               [&](const Node& n) { return !n.inputs.empty() && n.inputs[0] == conv.name; })
        ->name;
  }

  // The same model as another kind of file.
  void use_onnx(ElementType activations = ElementType::kUint8) {
    file_ = folder_ / fmt::format("m{}.onnx", static_cast<int>(activations));
    write_onnx(file_, model_, size_, Layout::kRaw, activations);
  }
  void use_ir() {
    file_ = folder_ / "m.xml";
    write_ir(file_, model_, size_, Layout::kRaw);
  }

  void expect_integers_in_openvino() {
    for (const bool cached : {false, true}) {
      const auto engine = load_engine("openvino");
      const auto network = engine->compile(source(), size_, {.cache = folder_ / "cache"});
      ASSERT_EQ(network->description().from_cache, cached) << file_;
      for (const Port& port : network->outputs()) {
        EXPECT_EQ(port.type, ElementType::kInt8) << port.name;
        EXPECT_TRUE(port.channels_last) << port.name;
        EXPECT_FLOAT_EQ(port.scale, params_of(port.name).scale) << port.name;
        EXPECT_EQ(port.zero_point, params_of(port.name).zero_point) << port.name;
      }
      EXPECT_EQ(network->description().precision, "int8") << file_;
      const Agreement a = run(*network);
      EXPECT_EQ(a.equal, a.values) << file_;
    }
  }
  [[nodiscard]] const QuantParams& params_of(const std::string& output) const {
    const std::vector<Output> all = model_.outputs();
    const auto at =
        std::find_if(all.begin(), all.end(), [&](const Output& o) { return o.name() == output; });
    return *model_.quantization.find(at->value);
  }

  const TemporaryFolder folder_;
  std::filesystem::path file_;
  ExportContent content_;  // of file_, as networks use it

 private:
  void add(const TensorView& found, const std::string& name, Agreement& all) const {
    const std::vector<Output> outputs = model_.outputs();
    const auto output = std::find_if(outputs.begin(), outputs.end(),
                                     [&](const Output& o) { return o.name() == name; });
    ASSERT_NE(output, outputs.end()) << name;
    const IntegerTensor& expected = expected_.at(output->value);
    const int64_t channels = expected.shape[0];
    const int64_t cells = expected.shape[1] * expected.shape[2];
    ASSERT_EQ(element_count(found.shape), channels * cells) << name;
    for (int64_t c = 0; c < channels; ++c) {
      for (int64_t i = 0; i < cells; ++i) {
        const int64_t at = found.channels_last ? i * channels + c : c * cells + i;
        const int value = found.type == ElementType::kInt8
                              ? found.integers()[at]
                              : quantize(found.floats()[at], expected.params);
        const int apart = std::abs(value - expected.values[static_cast<size_t>(c * cells + i)]);
        ++all.values;
        all.equal += apart == 0;
        all.within_1 += apart <= 1;
      }
    }
  }

  Model model_;
  Size size_;
  std::vector<uint8_t> picture_;
  std::map<std::string, IntegerTensor> expected_;
};

double share(int64_t part, const Agreement& of) {
  return static_cast<double>(part) / static_cast<double>(of.values);
}

// In every value, on whatever processor.
TEST_F(Int8Engines, XnnpackEqualsTheReference) {
  prepare({320, 320});
  std::string device;
  const Agreement a = run("tflite", "", &device);
  EXPECT_THAT(device, HasSubstr("XNNPACK")) << device;
  EXPECT_EQ(a.equal, a.values);
}

// On processors that would saturate with weights of 8 bits, too.
TEST_F(Int8Engines, OnnxRuntimeEqualsTheReference) {
  const std::string missing = error_of([] { (void)load_engine("onnxruntime"); });
  if (!missing.empty()) GTEST_SKIP() << missing;
  prepare({320, 320});
  use_onnx();
  std::string device;
  const Agreement a = run("onnxruntime", "", &device);
  EXPECT_EQ(a.equal, a.values);
}

TEST_F(Int8Engines, OnnxRuntimeClampsInIntegers) {
  const std::string missing = error_of([] { (void)load_engine("onnxruntime"); });
  if (!missing.empty()) GTEST_SKIP() << missing;
  prepare({320, 320}, true);
  use_onnx();
  const auto engine = load_engine("onnxruntime");
  const auto network = engine->compile(source(), {320, 320}, {});
  EXPECT_EQ(network->description().precision, "int8");
  const Agreement a = run(*network);
  EXPECT_EQ(a.equal, a.values);
}

// Also from its cache.
TEST_F(Int8Engines, OpenVinoGivesIntegers) {
  const std::string missing = error_of([] { (void)load_engine("openvino"); });
  if (!missing.empty()) GTEST_SKIP() << missing;
  prepare({320, 320});
  if (load_engine("openvino")->abilities().int8_saturates) set_weights({.bits = 7});
  use_ir();
  expect_integers_in_openvino();
  for (const ElementType activations : {ElementType::kUint8, ElementType::kInt8}) {
    use_onnx(activations);
    expect_integers_in_openvino();
  }
}

TEST_F(Int8Engines, OpenVinoClampsInIntegers) {
  const std::string missing = error_of([] { (void)load_engine("openvino"); });
  if (!missing.empty()) GTEST_SKIP() << missing;
  prepare({320, 320}, true);
  if (load_engine("openvino")->abilities().int8_saturates) set_weights({.bits = 7});
  use_ir();
  expect_integers_in_openvino();
  use_onnx();
  expect_integers_in_openvino();
}

// TensorFlow Lite's own kernels scale in fixed point: over sixty layers single steps add up.
TEST_F(Int8Engines, OwnKernelsAreNear) {
  prepare({320, 320});
  std::string device;
  const Agreement a = run("tflite", "none", &device);
  EXPECT_THAT(device, Not(HasSubstr("XNNPACK"))) << device;
  EXPECT_GE(share(a.within_1, a), 0.7);
  EXPECT_LT(a.equal, a.values) << "these are XNNPACK's kernels";
}

// With even weights nothing lies where an engine could round it otherwise (quant/rounding_safe_scales.h).
TEST_F(Int8Engines, OwnKernelsEqualTheReferenceWithEvenWeights) {
  for (const bool relu6 : {false, true}) {
    prepare({320, 320}, relu6);
    set_weights({.even = true});
    std::string device;
    for (const char* delegate : {"none", ""}) {
      const Agreement a = run("tflite", delegate, &device);
      EXPECT_EQ(a.equal, a.values) << device;
    }
  }
}

// A delegate's library that really takes operators (to XNNPACK, in whose results it shows).
TEST_F(Int8Engines, ADelegateRunsTheOperators) {
  prepare({320, 320});
  std::string device;
  const std::string library = OCTET_BIN_DIR "/test_delegate.so";
  const Agreement a = run("tflite", library, &device);
  EXPECT_EQ(device, "delegate " + library);
  EXPECT_EQ(a.equal, a.values);
}

// Arm NN's reference backend, at a size at which it takes seconds.
TEST_F(Int8Engines, ArmNnIsNearAndWithEvenWeightsEqual) {
  if (!std::filesystem::exists(OCTET_BIN_DIR "/octet_engine_armnn.so"))
    GTEST_SKIP() << "built without Arm NN";
  prepare({96, 96});
  std::string device;
  const Agreement a = run("armnn", "", &device);
  EXPECT_GE(share(a.within_1, a), 0.7) << device;
  set_weights({.even = true});
  const Agreement exact = run("armnn", "", &device);
  EXPECT_EQ(exact.equal, exact.values) << device;
}

}  // namespace
}  // namespace octet
