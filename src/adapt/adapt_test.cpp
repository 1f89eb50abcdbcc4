#include "adapt/adapt.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cmath>

#include "adapt/engine_calibration.h"
#include "adapt/site_images.h"
#include "engine/registry.h"
#include "format/model_file.h"
#include "model/passes/passes.h"
#include "quant/reference/float_reference.h"
#include "testing/testing.h"

namespace octet {
namespace {

using testing::HasSubstr;
namespace fs = std::filesystem;

const std::string kSamples = OCTET_SOURCE_DIR "/samples/";

const Model& int8_model() {
  static const Model model = read_model(kSamples + "yolov8n-int8.safetensors");
  return model;
}

InputImage noise(Size size) {
  InputImage image(static_cast<size_t>(size.width) * size.height * 3);
  uint32_t state = 1;
  for (uint8_t& byte : image)
    byte = static_cast<uint8_t>((state = state * 1664525 + 1013904223) >> 24);
  return image;
}

TEST(Ranges, OfTheModelChangeNothing) {
  const Model same = with_ranges(int8_model(), ranges_of(int8_model()));
  EXPECT_EQ(same.quantization.values, int8_model().quantization.values);
  size_t equal = 0, all = 0;
  for (const auto& [name, conv] : int8_model().quantization.convs) {
    const auto& other = same.quantization.convs.at(name);
    for (size_t i = 0; i < conv.weight.size(); ++i, ++all)
      equal += conv.weight[i] == other.weight[i];
  }
  EXPECT_EQ(equal, all);
}

TEST(Ranges, GrowWhereMoreWasMeasured) {
  const std::vector<QuantParams> present{{.scale = 1, .zero_point = 0},
                                         {.scale = 1, .zero_point = 0}};
  const std::vector<QuantParams> measured{{.scale = 0.5, .zero_point = 0},
                                          {.scale = 2, .zero_point = 0}};
  const auto wider = wider_ranges(present, measured);
  EXPECT_EQ(wider[0], present[0]) << "a narrower one changes nothing";
  EXPECT_NEAR(wider[1].high(), 254, 3);
}

class InEngine : public testing::TestWithParam<const char*> {};

// The values that the engine shows are those of the naive reference.
TEST_P(InEngine, ShowsEveryValueAndItsDistance) {
  const std::string missing = error_of([] { (void)load_engine(GetParam()); });
  if (!missing.empty()) GTEST_SKIP() << missing;
  const Model model = fold_batch_norm(read_model(kSamples + "yolov8n.safetensors"));
  const Size size{64, 96};
  const std::vector<InputImage> images{noise(size)};
  FloatTensor planar{.shape = {3, size.height, size.width}, .values = {}};
  const size_t cells = images[0].size() / 3;
  planar.values.resize(3 * cells);
  for (size_t i = 0; i < images[0].size(); ++i)
    planar.values[i % 3 * cells + i / 3] = static_cast<float>(images[0][i]) / 255;
  const auto reference = run_in_float(model.graph, planar);
  const auto engine = load_engine(GetParam());
  EngineCalibration calibration(*engine, model, images, 1, {.size = size, .threads = 1});
  calibration.observe(0);
  size_t compared = 0;
  for (const Node& node : model.graph.nodes) {
    const auto found = calibration.output(node.name);
    const auto& wanted = reference.at(node.name).values;
    ASSERT_EQ(found.size(), wanted.size()) << node.name;
    float most = 1e-3F;
    for (const float v : wanted) most = std::max(most, std::abs(v));
    for (size_t i = 0; i < wanted.size(); ++i)
      ASSERT_NEAR(found[i], wanted[i], 2e-3F * most) << node.name << " " << i;
    ++compared;
  }
  EXPECT_GT(compared, 50U);
  EXPECT_NEAR(calibration.distance({}), 0, 1e-6);
  const std::string first = model.graph.nodes.front().name;
  if (export_format(engine->row().formats.front()).quantizes_silu) {
    EXPECT_GT(calibration.distance({{first, {.scale = 0.5F, .zero_point = 0}}}), 1e-5);
  }
}

INSTANTIATE_TEST_SUITE_P(Engines, InEngine, testing::Values("openvino", "onnxruntime", "tflite"),
                         [](const auto& p) { return std::string(p.param); });

TEST(Images, HaveAGigabyteAtMost) {
  EXPECT_EQ(images_in_memory(64, {640, 640}), 64);
  EXPECT_EQ(images_in_memory(100000, {640, 640}), 813);
  EXPECT_EQ(images_in_memory(100000, {}), 100000);
}

class Adapt : public testing::Test {
 protected:
  void SetUp() override {
    const std::string missing = error_of([] { (void)load_engine("tflite"); });
    if (!missing.empty()) GTEST_SKIP() << missing;
    // Twelve images are too few; three times as many are enough for a test.
    fs::create_directory(folder_ / "images");
    for (const char* copy : {"a", "b", "c"}) {
      for (const auto& entry : fs::directory_iterator(kSamples + "coco/images/val"))
        fs::copy_file(entry.path(),
                      folder_ / ("images/" + (copy + entry.path().filename().string())));
    }
    options_ = {.model = folder_ / "int8.safetensors",
                .float_model = kSamples + "yolov8n.safetensors",
                .images = folder_ / "images",
                .output = folder_ / "adapted.safetensors",
                .engine = "tflite",
                .size = {160, 160},
                .tried = 1};
  }
  void write(const Model& model) const {
    write_model_file(options_.model, model, StorageKind::kF32);
  }
  [[nodiscard]] std::string error() const {
    return error_of([&] { (void)adapt(options_); });
  }
  TemporaryFolder folder_;
  AdaptOptions options_;
};

// Ranges of another site: a third of what these images need.
TEST_F(Adapt, MendsRangesThatAreTooNarrow) {
  std::vector<QuantParams> narrow = ranges_of(int8_model());
  for (QuantParams& params : narrow) {
    if (params != kImageParams) params.scale /= 3;
  }
  write(with_ranges(int8_model(), narrow));
  const AdaptResult r = adapt(options_);
  EXPECT_TRUE(r.taken);
  EXPECT_EQ(r.reason, "the gain is more than chance");
  EXPECT_GT(r.after, r.before + 0.1);
  EXPECT_GT(r.gain.low, 0);
  ASSERT_EQ(r.candidates.size(), 3U);
  const Model adapted = read_model(options_.output);
  EXPECT_EQ(adapted.quantization.convs.size(), int8_model().quantization.convs.size());
  EXPECT_EQ(std::distance(fs::directory_iterator(folder_.path()), {}), 3) << "no file is left over";
}

TEST_F(Adapt, RefusesRawOutputs) {
  Model raw;
  raw.info.task = Task::kRaw;
  raw.graph.size = Size{32, 32};
  raw.graph.nodes = {{"c", Conv2d{.weight = {{1, 3, 1, 1}, {1, 2, 3}}, .bias = {}}, {"image"}}};
  raw.add_output({.value = "c", .role = OutputRole::kRaw, .stride = 0, .raw = {.name = "result"}});
  write(raw);
  EXPECT_THAT(error(), HasSubstr("is a network with raw outputs"));
  write(int8_model());
  options_.float_model = folder_ / "raw.safetensors";
  write_model_file(options_.float_model, raw, StorageKind::kF32);
  EXPECT_THAT(error(), HasSubstr("raw.safetensors: is a network with raw outputs"));
}

TEST_F(Adapt, NamesWhatDoesNotBelongTogether) {
  write(int8_model());
  options_.float_model = options_.model;
  EXPECT_THAT(error(), HasSubstr("is an int8 model; give the float model"));
  options_.model = options_.float_model = kSamples + "yolov8n.safetensors";
  EXPECT_THAT(error(), HasSubstr("is a float model; 'octet quantize' makes"));
  options_.model = folder_ / "int8.safetensors";
  options_.float_model = OCTET_SOURCE_DIR "/tests/data/checkpoints/v8.4.190-detect3.pt";
  EXPECT_THAT(error(), HasSubstr("has other classes, strides or keypoints"));
  options_.float_model = kSamples + "yolov8n.safetensors";
  options_.images = kSamples + "coco";
  EXPECT_THAT(error(), HasSubstr("images to measure ranges on; at least 15 are needed"));
  options_.images = folder_ / "images";
  options_.data = kSamples + "coco";
  EXPECT_THAT(error(), HasSubstr("images to evaluate with; at least 15 are needed"))
      << "the folder has enough for the ranges";
  options_.output = options_.float_model;
  EXPECT_THAT(error(), HasSubstr("is an input of the command; name another file"));
}

}  // namespace
}  // namespace octet
