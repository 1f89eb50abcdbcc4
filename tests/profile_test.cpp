// octet profile on the samples: in every engine the layers account for the inference, roughly, and
// for all of the model's operations.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <iostream>
#include <nlohmann/json.hpp>

#include "core/file.h"
#include "run_octet.h"

namespace octet {
namespace {

using nlohmann::json;
using testing::HasSubstr;
using testing::Not;

const std::string kFloat = kSource + "/samples/yolov8n.safetensors";
const std::string kInt8 = kSource + "/samples/yolov8n-int8.safetensors";
const std::string kClip = kSource + "/samples/person.mp4";

json profile(const std::string& arguments) {
  const Outcome done = run_octet("profile --json " + arguments);
  EXPECT_EQ(done.status, 0) << done.err;
  return done.status == 0 ? json::parse(done.out) : json();
}

// In 1e9 operations: of the layers of a profile, and of the model itself.
double operations_of(const json& layers) {
  double sum = 0;
  for (const json& layer : layers)
    sum += layer["gops"].get<double>() * layer["ms"].get<double>() / 1e3;
  return sum;
}
double operations_of_model(const std::string& model, const std::string& size) {
  return json::parse(run_octet("inspect --json --imgsz " + size + " " + model).out)["gflops"];
}

void expect_whole(const json& p, double operations) {
  EXPECT_NEAR(operations_of(p["layers"]), operations, 0.01 * operations);
  for (const json& layer : p["layers"]) {
    if (layer["gops"] == 0) continue;
    EXPECT_EQ(layer["precision"], p["precision"]) << layer;
    EXPECT_TRUE(layer.contains("node")) << layer;
    EXPECT_TRUE(layer.contains("of_peak")) << layer;
    EXPECT_FALSE(layer["kernel"].get<std::string>().empty()) << layer;
  }
  EXPECT_GT(p["ms"].get<double>(), 0);
}

// Of the layers and of the whole. Other programs disturb inferences with timed layers, or those
// without. On a quiet machine it is below kQuietGap. A busy one only gets a message.
constexpr double kQuietGap = 0.1, kLargestGap = 0.5;
double gap_of(const json& p) {
  const double layers = p["layers_ms"];
  return std::min(std::abs(layers / p["ms"].get<double>() - 1),
                  std::abs(layers / p["profiled_ms"].get<double>() - 1));
}

class ProfileIn : public testing::TestWithParam<const char*> {};

TEST_P(ProfileIn, LayersAccountForTheInference) {
  const std::string engine = std::string(" --engine ") + GetParam();
  for (const std::string& model : {kInt8, kFloat}) {
    SCOPED_TRACE(model);
    json p;
    constexpr int kTries = 3;  // a busy machine spoils some
    for (int i = 0; i < kTries && (i == 0 || gap_of(p) > kQuietGap); ++i) {
      p = profile("--precision f32 --seconds 1 --imgsz 480 --model " + model + engine +
                  " --source " + kClip);
      ASSERT_FALSE(p.is_null());
    }
    EXPECT_LE(gap_of(p), kLargestGap)
        << p["layers_ms"] << " of " << p["ms"] << ", " << p["profiled_ms"];
    if (gap_of(p) > kQuietGap)
      std::cout << GetParam() << ": the sum of the layers and an inference differ by "
                << 100 * gap_of(p) << " %; is the machine busy?\n";
    EXPECT_EQ(p["measured_by"], "engine");
    EXPECT_EQ(p["precision"], model == kInt8 ? "int8" : "fp32");
    EXPECT_EQ(p["imgsz"], json({480, 288}));
    expect_whole(p, operations_of_model(model, "480x288"));
    std::vector<std::string> phases;
    for (const json& phase : p["phases"]) {
      phases.push_back(phase["name"]);
      EXPECT_GT(phase["ms"].get<double>(), 0) << phase;
    }
    EXPECT_THAT(phases, testing::ElementsAre("decode", "letterbox", "inference", "boxes", "sinks"));
  }
}

INSTANTIATE_TEST_SUITE_P(Engines, ProfileIn, testing::Values("openvino", "onnxruntime", "tflite"));

// An export has no graph. The model beside it names its layers.
TEST(Profile, ComparesAnExportWithItsModel) {
  const TemporaryFolder folder;
  const std::string at = folder.path().string();
  ASSERT_EQ(run_octet("export --format onnx --imgsz 128 --model " + kInt8 + " -o " + at).status, 0);
  const json p = profile("--seconds 0.1 --imgsz 128 --model " + at +
                         "/yolov8n-int8.onnx --engine onnxruntime --compare " + kInt8 + " --html " +
                         at + "/p.html");
  ASSERT_FALSE(p.is_null());
  EXPECT_EQ(p["compared"]["engine"], p["engine"]);
  int both = 0;
  for (const json& block : p["blocks"])
    both += block.contains("ms") && block.contains("compared_ms");
  EXPECT_EQ(static_cast<size_t>(both), p["blocks"].size()) << p["blocks"];
  EXPECT_GT(both, 60);
  for (const json& layer : p["layers"])
    EXPECT_THAT(layer.value("fallback", ""), Not(HasSubstr("the model has")))
        << "reasons do not come from the model of the other side";
  const std::string page = read_text_file(folder / "p.html");
  EXPECT_THAT(page, HasSubstr("Side by side"));
  EXPECT_THAT(page, HasSubstr("Layers along the network"));
}

// Its source decodes it while it is opened.
TEST(Profile, CountsTheDecodingOfASingleImage) {
  const json p = profile("--seconds 0 --imgsz 64 --engine tflite --model " + kTiny + " --source " +
                         kSource + "/samples/coco/images/val/000000000785.jpg");
  ASSERT_FALSE(p.is_null());
  EXPECT_EQ(p["phases"][0]["name"], "decode");
  EXPECT_GT(p["phases"][0]["ms"].get<double>(), 0.2) << "640 x 425 pixels of JPEG";
}

TEST(Profile, CutNetworksNeedNoProfileOfTheEngine) {
  const json p = profile("--cut --seconds 0.05 --imgsz 64 --engine tflite --model " + kTiny);
  ASSERT_FALSE(p.is_null());
  EXPECT_EQ(p["measured_by"], "cut networks");
  EXPECT_GT(p["layers"].size(), 60U);
  const double whole = p["fast_ms"];
  EXPECT_GT(p["layers_ms"].get<double>(), whole / 5);
  EXPECT_LT(p["layers_ms"].get<double>(), whole * 5);
  EXPECT_TRUE(p["peaks"].empty());
  for (const json& layer : p["layers"]) {
    EXPECT_EQ(layer["precision"], "") << layer;
    EXPECT_FALSE(layer.contains("of_peak")) << layer;
  }
  EXPECT_EQ(p["layers"][0]["type"], "Input");
}

}  // namespace
}  // namespace octet
