// Quantization of networks with raw outputs from the command line, where octet-train is built.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <fstream>
#include <nlohmann/json.hpp>

#include "core/file.h"
#include "format/model_file.h"
#include "run_octet.h"

namespace octet {
namespace {

using testing::HasSubstr;
using testing::Not;

namespace fs = std::filesystem;
using nlohmann::json;

const std::string kImages = kSource + "/samples/coco/images/val";

// A small YOLO goes through ONNX and comes back without a meaning: raw.safetensors.
class QuantizeRaw : public testing::Test {
 protected:
  void SetUp() override {
    if (!fs::exists(fs::path(OCTET_BIN_DIR) / "octet-train"))
      GTEST_SKIP() << "octet-train is not built";
    const std::string folder = folder_.path().string();
    for (const std::string& command :
         {"import " + kTiny + " -o " + at("tiny.safetensors"),
          "export --format onnx --imgsz 64 --model " + at("tiny.safetensors") + " -o " + folder,
          "import " + at("tiny.onnx") + " -o " + at("raw.safetensors")}) {
      const Outcome done = run_octet(command);
      ASSERT_EQ(done.status, 0) << done.err;
    }
  }
  std::string at(const std::string& name) const { return (folder_ / name).string(); }
  std::string quantize(const std::string& options) const {
    return "quantize --json --images 4 --model " + at("raw.safetensors") + " -o " +
           at("int8.safetensors") + " " + options;
  }
  // The same network, as one that finds three keypoints by heat maps.
  void give_pose_head() const {
    Model model = read_model(at("raw.safetensors"));
    model.info.pose_head = PoseHead{.kind = PoseHeadKind::kHeatmap,
                                    .outputs = {{PosePart::kHeatmap, "class_8"}},
                                    .keypoints = 3};
    write_model_file(at("raw.safetensors"), model, StorageKind::kF32);
  }
  // Four images, with one person in each.
  std::string write_people() const {
    for (const char* kind : {"images", "labels"}) fs::create_directories(at(kind));
    for (const char* name : {"000000000785", "000000000872", "000000000885", "000000001268"}) {
      const std::string stem = name;
      fs::copy_file(kImages + "/" + stem + ".jpg", at("images/") + stem + ".jpg");
      std::ofstream(at("labels/") + stem + ".txt") << "0 .5 .5 .4 .4 .3 .3 2 .7 .3 2 .3 .7 1\n";
    }
    std::ofstream(at("data.yaml")) << "train: images\nval: images\nnames: [person]\n"
                                      "kpt_shape: [3, 3]\n";
    return at("data.yaml");
  }

  TemporaryFolder folder_;
};

TEST_F(QuantizeRaw, CalibratesOnAFolderExportsAndRuns) {
  const Outcome done =
      run_octet(quantize("--method ptq --batch 1 --weight-bits 7 --data " + kImages));
  ASSERT_EQ(done.status, 0) << done.err;
  const json j = json::parse(done.out);
  EXPECT_EQ(j["images"], 4);
  EXPECT_EQ(j["evaluated"], 2) << "every tenth of twelve";
  EXPECT_EQ(j["skipped"], 0);
  EXPECT_EQ(j["epochs"], 0);
  EXPECT_EQ(j["weight_bits"], 7);
  ASSERT_EQ(j["outputs"].size(), 6U);
  for (const json& output : j["outputs"]) {
    EXPECT_GT(output["distance"].get<double>(), 0) << output.dump();
    EXPECT_LT(output["distance"].get<double>(), 0.2) << output.dump();
  }
  EXPECT_FALSE(j.contains("agreement")) << "nothing says what the outputs are";
  const std::string report = read_text_file(at("int8-run/report.html"));
  EXPECT_THAT(report, HasSubstr("Ranges of activations"));
  EXPECT_THAT(report, HasSubstr("--epochs</td><td>54<")) << "540 steps of one of ten images";
  EXPECT_THAT(report, Not(HasSubstr("--feature-weight"))) << "which they do not have";
  const Outcome exported = run_octet("export --format onnx,tflite,openvino --model " +
                                     at("int8.safetensors") + " -o " + folder_.path().string());
  ASSERT_EQ(exported.status, 0) << exported.err;
  const Outcome verified = run_octet("verify " + at("int8.safetensors") + " " + at("int8.onnx") +
                                     " " + at("int8.tflite") + " " + at("int8.xml"));
  EXPECT_EQ(verified.status, 0) << verified.err;
}

TEST_F(QuantizeRaw, LearnsFromTheFloatNetworkAlone) {
  const std::string command = quantize("--epochs 3 --batch 4 --seed 1 --data " + kImages);
  const Outcome done = run_octet(command);
  ASSERT_EQ(done.status, 0) << done.err;
  const json j = json::parse(done.out);
  EXPECT_EQ(j["epochs"], 3);
  double ptq = 0, after = 0;
  for (const json& output : j["outputs"]) {
    ptq += output["ptq"].get<double>();
    after += output["distance"].get<double>();
  }
  EXPECT_LE(after, ptq + 1e-9) << "never worse than calibration";
  EXPECT_EQ(j["best_epoch"] == 0, after >= ptq - 1e-9);
  EXPECT_THAT(read_text_file(at("int8-run/results.csv")),
              HasSubstr("epoch,seconds,loss,box_8,class_8"));

  const Outcome again = run_octet(command);
  EXPECT_EQ(again.status, 1);
  EXPECT_THAT(again.err, HasSubstr("--resume continues it"));
  const Outcome longer = run_octet(command + " --resume --epochs 4");
  EXPECT_EQ(longer.status, 2) << "an option twice";
  const std::string cut = read_text_file(at("int8-run/results.csv")) + "4,0,0,0,0\n";
  write_text_file(at("int8-run/results.csv"), cut);  // the power failed in the fourth epoch
  const Outcome resumed =
      run_octet(quantize("--epochs 4 --batch 4 --seed 1 --resume --data " + kImages));
  ASSERT_EQ(resumed.status, 0) << resumed.err;
  EXPECT_THAT(resumed.err, HasSubstr("continuing at epoch 4"));
  EXPECT_EQ(json::parse(resumed.out)["epochs"], 4) << "also those before";
  const std::string table = read_text_file(at("int8-run/results.csv"));
  EXPECT_EQ(std::count(table.begin(), table.end(), '\n'), 5) << table;
  const Outcome other =
      run_octet(quantize("--epochs 4 --batch 4 --seed 2 --resume --data " + kImages));
  EXPECT_EQ(other.status, 1);
  EXPECT_THAT(other.err, HasSubstr("is of a run with another model"));
  const std::string more = " --epochs 4 --batch 4 --seed 1 --resume --model " +
                           at("raw.safetensors") + " -o " + at("int8.safetensors") + " --data ";
  const Outcome calibrated = run_octet("quantize --images 3" + more + kImages);
  EXPECT_EQ(calibrated.status, 1);
  EXPECT_THAT(calibrated.err, HasSubstr("is of a run with another model"));
  fs::copy(kImages, at("moved"));
  EXPECT_EQ(run_octet("quantize --images 4" + more + at("moved")).status, 0);
  fs::rename(at("moved/000000000885.jpg"), at("moved/000000000884.jpg"));
  EXPECT_EQ(run_octet("quantize --images 4" + more + at("moved")).status, 1) << "other images";
}

TEST_F(QuantizeRaw, APoseNetworkSeesPersons) {
  give_pose_head();
  const Outcome done =
      run_octet(quantize("--epochs 1 --batch 2 --bit-exact-everywhere --data " + write_people()));
  ASSERT_EQ(done.status, 0) << done.err;
  EXPECT_THAT(done.err, HasSubstr("4 persons to learn from"));
  const json j = json::parse(done.out);
  EXPECT_EQ(j["evaluated"], 4);
  EXPECT_EQ(j["even_weights"], true);
  ASSERT_TRUE(j.contains("agreement"));
  const Model int8 = read_model(at("int8.safetensors"));
  ASSERT_TRUE(int8.info.pose_head);
  EXPECT_EQ(*int8.info.pose_head->output(PosePart::kHeatmap), "class_8");
}

TEST_F(QuantizeRaw, WhatIsMissingIsNamed) {
  const auto refuses = [&](const std::string& options, int status, const std::string& message) {
    const Outcome done = run_octet(quantize("--method ptq " + options));
    EXPECT_EQ(done.status, status) << options;
    EXPECT_THAT(done.err, HasSubstr(message)) << options;
    EXPECT_FALSE(fs::exists(at("int8.safetensors"))) << options;
  };
  fs::create_directories(at("empty"));
  refuses("--data " + at("empty"), 1, "empty");
  refuses("--data " + at("nowhere.yaml"), 1, "no such file");
  fs::create_directories(at("one"));
  fs::copy_file(kImages + "/000000000785.jpg", at("one/a.jpg"));
  refuses("--data " + at("one"), 1, "one: has one image; at least two are needed");
  const std::string data = "--data " + kImages;
  refuses(data + " --keep-float 2", 2, "--keep-float: is for YOLO models");
  refuses(data + " --imgsz 64", 2, "--imgsz: is for YOLO models");
  refuses(data + " --label-weight 1", 2, "--label-weight: is for YOLO models");
  std::ofstream(at("bad.jpg")) << "no picture";
  fs::create_directories(at("bad"));
  fs::rename(at("bad.jpg"), at("bad/bad.jpg"));
  refuses("--data " + at("bad"), 1, "bad");
  ASSERT_EQ(run_octet(quantize("--method ptq " + data)).status, 0);
  const Outcome twice = run_octet("quantize --method ptq " + data + " --model " +
                                  at("int8.safetensors") + " -o " + at("twice.safetensors"));
  EXPECT_EQ(twice.status, 1);
  EXPECT_THAT(twice.err, HasSubstr("is an int8 model"));
}

// Persons whose keypoints nobody labelled are no crops.
TEST_F(QuantizeRaw, PersonsWithoutKeypointsAreNamed) {
  give_pose_head();
  const std::string data = write_people();
  for (const auto& file : fs::directory_iterator(at("labels")))
    std::ofstream(file.path()) << "0 .5 .5 .4 .4 0 0 0 0 0 0 0 0 0\n";
  const Outcome done = run_octet(quantize("--method ptq --data " + data));
  EXPECT_EQ(done.status, 1);
  EXPECT_THAT(done.err, HasSubstr("no person with keypoints"));
}

}  // namespace
}  // namespace octet
