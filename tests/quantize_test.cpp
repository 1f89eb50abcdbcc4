// Training and quantization from the command line, where octet-train is built.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <fstream>
#include <nlohmann/json.hpp>

#include "run_octet.h"

namespace octet {
namespace {

using testing::HasSubstr;

namespace fs = std::filesystem;
using nlohmann::json;

const std::string kModel = kSource + "/samples/yolov8n.safetensors";
const std::string kData = kSource + "/samples/coco/data.yaml";

class Quantize : public testing::Test {
 protected:
  void SetUp() override {
    if (!fs::exists(fs::path(OCTET_BIN_DIR) / "octet-train"))
      GTEST_SKIP() << "octet-train is not built";
  }
  std::string at(const char* name) const { return (folder_ / name).string(); }

  TemporaryFolder folder_;
};

// What a layer costs of mAP is asked for, and is not the same for all.
TEST_F(Quantize, TellsWhatLayersCostOfMap) {
  const Outcome done =
      run_octet("quantize --json --method ptq --imgsz 96 --images 2 --analyze-map --model " +
                kModel + " --data " + kData + " -o " + at("int8.safetensors"));
  ASSERT_EQ(done.status, 0) << done.err;
  const json j = json::parse(done.out);
  ASSERT_EQ(j["layers"].size(), 63U);
  size_t changed = 0;
  for (const json& layer : j["layers"]) {
    const auto drop = layer["drop"].get<double>();
    EXPECT_LT(std::abs(drop), 0.1) << layer.dump();
    changed += drop != 0 ? 1 : 0;
  }
  EXPECT_GT(changed, 5U);
}

// Calibrated, exported and run: int8 finds nearly what float finds.
// With weights of 7 bits, because engines saturate with 8 on a processor without VNNI.
TEST_F(Quantize, CalibratesExportsAndRuns) {
  const Outcome done = run_octet(
      "quantize --json --method ptq --weight-bits 7 --imgsz 256 --images 4 --analyze "
      "--model " +
      kModel + " --data " + kData + " -o " + at("int8.safetensors"));
  ASSERT_EQ(done.status, 0) << done.err;
  const json j = json::parse(done.out);
  EXPECT_EQ(j["images"], 4);
  EXPECT_EQ(j["layers"].size(), 63U);
  EXPECT_NEAR(j["map50_95"].get<double>(), j["float"]["map50_95"].get<double>(), 0.03);
  EXPECT_TRUE(fs::exists(at("int8-run/report.html")));
  EXPECT_LT(fs::file_size(at("int8.safetensors")), 3'500'000U);

  const std::string val = "val --json --imgsz 256 --data " + kData + " --model ";
  const json from_model = json::parse(run_octet(val + at("int8.safetensors")).out);
  EXPECT_EQ(from_model["precision"], "int8");
  EXPECT_NEAR(from_model["map50_95"].get<double>(), j["map50_95"].get<double>(), 0.02);

  ASSERT_EQ(run_octet("export --format onnx,tflite,openvino --imgsz 256 --model " +
                      at("int8.safetensors") + " -o " + folder_.path().string())
                .status,
            0);
  for (const char* file : {"int8.onnx", "int8.tflite", "int8.xml"}) {
    const Outcome run = run_octet(val + at(file));
    ASSERT_EQ(run.status, 0) << run.err;
    EXPECT_NEAR(json::parse(run.out)["map50_95"].get<double>(), j["map50_95"].get<double>(), 0.02)
        << file;
  }
  for (const char* file : {"int8.onnx", "int8.tflite"})
    EXPECT_LT(fs::file_size(at(file)), 3'151'904 * 1.12) << file;
  const std::string verify = "verify --json " + at("int8.safetensors") + " " + at("int8.onnx") +
                             " " + at("int8.tflite") + " " + at("int8.xml");
  const Outcome verified = run_octet(verify + " --images 2 --data " + kData);
  ASSERT_EQ(verified.status, 0) << verified.err;
  const json v = json::parse(verified.out);
  EXPECT_EQ(v["parameters"]["compared"], v["parameters"]["equal"]);
  ASSERT_EQ(v["engines"].size(), 5U);  // OpenVINO two of the files, TensorFlow Lite in two ways
  for (const json& e : v["engines"]) {
    const bool fused = e["file"] == at("int8.xml");  // computes SiLU in float
    const json& nodes = e["node_by_node"];
    EXPECT_GE(nodes["within_1"].get<double>(), fused ? 0.99 : 1.0) << e.dump();
    EXPECT_GE(nodes["equal"].get<double>(), fused ? 0.8 : 0.995) << e.dump();
  }
  const Outcome other = run_octet("verify --json " + kModel + " " + at("int8.onnx"));
  EXPECT_EQ(other.status, 1);
  EXPECT_FALSE(json::parse(other.out)["mismatches"].empty());

  EXPECT_TRUE(
      json::parse(
          run_octet("inspect --json --target edgetpu " + at("int8.tflite")).out)["fallbacks"]
          .empty());
  const Outcome again = run_octet("quantize --model " + at("int8.safetensors") + " --data " +
                                  kData + " -o " + at("twice.safetensors"));
  EXPECT_EQ(again.status, 1);
  EXPECT_THAT(again.err, HasSubstr("quantized already")) << again.err;
}

TEST_F(Quantize, TrainsAndKeepsLayersInFloat) {
  const Outcome done = run_octet(
      "quantize --json --imgsz 64 --images 2 --epochs 1 --batch 4 --keep-float 2 --even-weights "
      "--model " +
      kModel + " --data " + kData + " -o " + at("q.safetensors"));
  ASSERT_EQ(done.status, 0) << done.err;
  const json j = json::parse(done.out);
  EXPECT_EQ(j["kept_float"].size(), 2U);
  EXPECT_EQ(j["even_weights"], true);
  EXPECT_EQ(j["epochs"], 1);
  EXPECT_EQ(json::parse(run_octet("val --json --imgsz 64 --data " + kData + " --model " +
                                  at("q.safetensors"))
                            .out)["precision"],
            "mixed");
}

TEST_F(Quantize, TrainingWritesItsFilesAndResumes) {
  const std::string command = "train --json --epochs 1 --imgsz 64 --batch 4 --model " + kModel +
                              " --data " + kData + " -o " + at("run");
  const Outcome done = run_octet(command);
  ASSERT_EQ(done.status, 0) << done.err;
  for (const char* file :
       {"run/best.safetensors", "run/last.safetensors", "run/results.csv", "run/report.html"})
    EXPECT_TRUE(fs::exists(at(file))) << file;
  const Outcome resumed = run_octet(command + " --resume");
  EXPECT_EQ(resumed.status, 1);
  EXPECT_THAT(resumed.err, HasSubstr("nothing to resume")) << resumed.err;
}

TEST_F(Quantize, WithoutLabelsNothingBegins) {
  fs::create_directories(at("images"));
  fs::copy(OCTET_SOURCE_DIR "/samples/coco/images/val", at("images"));
  std::ofstream(at("data.yaml")) << "train: images\nval: images\nnames: [a, b, c]\n";
  for (const char* verb : {"train --epochs 1 ", "quantize "}) {
    const Outcome done = run_octet(verb + ("--imgsz 64 --model " + kTiny) + " --data " +
                                   at("data.yaml") + " -o " + at("x.safetensors"));
    EXPECT_EQ(done.status, 1);
    EXPECT_THAT(done.err, HasSubstr("no picture has a label")) << done.err;
  }
}

TEST_F(Quantize, WrongOptionsSayWhat) {
  const Outcome side = run_octet("quantize --imgsz 320x192 --model m --data d");
  EXPECT_EQ(side.status, 2);
  const Outcome bits = run_octet("quantize --weight-bits 4 --model m --data d");
  EXPECT_EQ(bits.status, 2);
  const Outcome classes =
      run_octet("quantize --model " + kTiny + " --data " + kData + " -o " + at("x.safetensors"));
  EXPECT_EQ(classes.status, 1);
  EXPECT_THAT(classes.err, HasSubstr("classes")) << classes.err;
}

}  // namespace
}  // namespace octet
