#include "verify/compare_engines.h"

#include <gtest/gtest.h>

#include <atomic>

#include "core/process.h"
#include "format/model_file.h"
#include "format/registry.h"
#include "model/passes/passes.h"
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
