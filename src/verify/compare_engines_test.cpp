#include "verify/compare_engines.h"

#include <gtest/gtest.h>

#include <atomic>

#include "core/process.h"
#include "format/model_file.h"
#include "format/registry.h"
#include "model/passes/passes.h"
#include "quant/params.h"
#include "quant/scales.h"
#include "testing/testing.h"
#include "verify/reference_outputs.h"

namespace octet {
namespace {
namespace fs = std::filesystem;

constexpr Size kSize{64, 64};

Model sample() {
  Model m = read_model_file(OCTET_SOURCE_DIR "/samples/yolov8n.safetensors");
  return fold_batch_norm(std::move(m));
}

Dataset a_picture() {
  Dataset data;
  data.samples.push_back({.image = OCTET_SOURCE_DIR "/samples/coco/images/val/000000000785.jpg",
                          .relative = true,
                          .objects = {}});
  return data;
}

TEST(CompareEngines, FloatModelsAreComparedWithTheirFloatReference) {
  const TemporaryFolder folder;
  const Model model = sample();
  Model other = model;
  for (Node& node : other.graph.nodes) {
    if (auto* conv = std::get_if<Conv2d>(&node.op)) {
      for (float& v : conv->weight.values) v *= 1.5F;
      break;
    }
  }
  std::vector<fs::path> files;
  for (const ExportFormat& format : export_formats()) {
    if (format.int8_only) continue;
    files.push_back(folder / ("m" + std::string(format.extension)));
    write_export(format, files.back(), model, {.size = kSize});
  }
  const Dataset data = a_picture();
  ASSERT_FALSE(data.samples.empty());
  const std::vector<std::string> engines{"openvino", "onnxruntime", "tflite"};
  const auto equal_share = [&](const Model& reference) {
    double least = 1;
    const auto results = compare_engines(reference, kSize, files, data, engines);
    EXPECT_GE(results.size(), 3U);
    for (const EngineComparison& c : results) {
      for (const auto& [name, s] : c.outputs)
        least = std::min(least, static_cast<double>(s.within_1) / static_cast<double>(s.values));
    }
    return least;
  };
  EXPECT_EQ(equal_share(model), 1);
  EXPECT_LT(equal_share(other), 0.9);
}

// Two convolutions, and their result as it is.
Model raw_network() {
  const auto conv = [](int64_t outputs, int64_t inputs, float first) {
    Conv2d c{.stride = 2,
             .padding = Padding(1),
             .weight = {.shape = {outputs, inputs, 3, 3}},
             .bias = {.shape = {outputs}}};
    for (int64_t i = 0; i < outputs * inputs * 9; ++i)
      c.weight.values.push_back(first + 0.01F * static_cast<float>(i * 7 % 41 - 20));
    for (int64_t i = 0; i < outputs; ++i) c.bias.values.push_back(0.1F * static_cast<float>(i));
    return c;
  };
  Model model;
  model.info.task = Task::kRaw;
  model.graph.size = kSize;
  model.graph.nodes.push_back({.name = "a", .op = conv(8, 3, 0.05F), .inputs = {"image"}});
  model.graph.nodes.push_back(
      {.name = "b", .op = Activation{ActivationKind::kRelu}, .inputs = {"a"}});
  model.graph.nodes.push_back({.name = "c", .op = conv(4, 8, 0), .inputs = {"b"}});
  model.add_output({.value = "c", .role = OutputRole::kRaw, .stride = 0, .raw = {.name = "out"}});
  verify(model);
  return model;
}

Model quantized(Model model) {
  const Placement placement = place_quantizers(model);
  Scales scales{.weight_grid = {.bits = 7}};  // exact on every processor
  for (const auto& group : placement.groups)
    scales.groups.push_back(group.front() == model.graph.input ? kImageParams
                                                               : params_for_range(-2, 3));
  for (const std::string& conv : placement.convs)
    scales.weights[conv] =
        weight_scales(std::get<Conv2d>(model.graph.find(conv)->op).weight, scales.weight_grid);
  model = quantize_model(std::move(model), placement, std::move(scales));
  verify_quantization(model);
  return model;
}

// A file of the same names with other weights, as a file that was edited.
TEST(CompareEngines, RawOutputsOfAnotherFileDoNotAgree) {
  Model other = raw_network();
  std::get<Conv2d>(other.graph.nodes[0].op).weight.values[5] += 2;
  const std::vector<std::string> engines{"openvino", "onnxruntime", "tflite"};
  for (const bool int8 : {false, true}) {
    const Model model = int8 ? quantized(raw_network()) : raw_network();
    const Model wrong = int8 ? quantized(other) : other;
    const TemporaryFolder folder;
    std::vector<fs::path> own, others;
    for (const char* name : {"onnx", "openvino", "tflite"}) {
      const ExportFormat& format = export_format(name);
      own.push_back(folder / ("own" + std::string(format.extension)));
      others.push_back(folder / ("other" + std::string(format.extension)));
      write_export(format, own.back(), model, {.size = kSize});
      write_export(format, others.back(), wrong, {.size = kSize});
    }
    for (const auto& c : compare_engines(model, kSize, own, a_picture(), engines))
      EXPECT_TRUE(c.agrees()) << c.file << " in " << c.engine;
    int refused = 0;
    for (const auto& c : compare_engines(model, kSize, others, a_picture(), engines)) {
      refused += c.agrees() ? 0 : 1;
      const bool exact_nodes = c.nodes.all.equal == c.nodes.all.values;
      EXPECT_EQ(c.agrees(), !exact_nodes) << c.file << " in " << c.engine;
      EXPECT_FALSE(c.exact());
    }
    EXPECT_GE(refused, 2) << "in OpenVINO and ONNX Runtime";
  }
}

TEST(EngineComparison, RawOutputsHaveToBeWithinTwoSteps) {
  EngineComparison c{.precision = "fp32", .raw = true};
  c.outputs["heatmap"] = {.values = 1000, .within_2 = 990, .within_4 = 1000};
  EXPECT_TRUE(c.agrees());
  c.outputs["heatmap"].within_2 = 950;
  EXPECT_FALSE(c.agrees());
  c.half_weights = true;
  EXPECT_TRUE(c.agrees());
  c.half_weights = false;
  c.precision = "fp16";
  EXPECT_TRUE(c.agrees());
  c.precision = "int8";
  c.nodes.all = {.values = 500, .equal = 500, .within_1 = 500};
  EXPECT_TRUE(c.agrees());
  c.outputs["heatmap"].within_2 = 800;
  EXPECT_FALSE(c.agrees());
  c.nodes.all.equal = 499;
  EXPECT_TRUE(c.agrees()) << "single steps grow";
  c = {};
  c.outputs["box_8"] = {.values = 1000};
  EXPECT_TRUE(c.agrees()) << "boxes have a limit of their own";
}

TEST(EngineComparison, IsExactWhereEveryValueIsEqual) {
  EngineComparison c;
  c.outputs["box_8"] = {.values = 4, .equal = 4, .within_1 = 4};
  c.nodes.all = {.values = 9, .equal = 9, .within_1 = 9};
  EXPECT_TRUE(c.exact() && c.agrees());
  c.outputs["box_8"].equal = 3;
  EXPECT_FALSE(c.exact());
  EXPECT_TRUE(c.agrees()) << "outputs may be a step off";
}

// In the middle of an image: one takes seconds.
TEST(ReferenceOutputs, TheirComputationEndsWithTheWishToStop) {
  static const std::atomic<bool> stop{true};
  const std::atomic<bool>& before = stop_requested();
  const std::vector<uint8_t> image(64 * 64 * 3, 90);
  for (const char* name : {"yolov8n.safetensors", "yolov8n-int8.safetensors"}) {
    Model model = read_model_file(fs::path(OCTET_SOURCE_DIR "/samples") / name);
    const Model folded = fold_batch_norm(std::move(model));
    set_stop_flag(stop);
    EXPECT_EQ(error_of([&] { (void)Reference(folded).run(image, kSize); }),
              "interrupted: results of a part of the images are not shown")
        << name;
    set_stop_flag(before);
  }
}

TEST(ReferenceOutputs, OfAFloatModelAreStepsOfItsOwnRange) {
  const Model model = sample();
  const std::vector<uint8_t> image(64 * 64 * 3, 90);
  const ReferenceOutputs out = Reference(model).run(image, kSize);
  ASSERT_EQ(out.names.size(), model.graph.outputs.size());
  for (size_t i = 0; i < out.names.size(); ++i) {
    const std::vector<float> steps = out.named(out.names[i]).real();
    ASSERT_EQ(steps.size(), out.real[i].size());
    const float half = out.integers[i].params.scale * 0.51F;
    for (size_t k = 0; k < steps.size(); ++k) ASSERT_NEAR(steps[k], out.real[i][k], half);
  }
}

}  // namespace
}  // namespace octet
