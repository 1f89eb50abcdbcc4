// Training and quantization from the command line, where octet-train is built.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <fstream>
#include <nlohmann/json.hpp>

#include "core/file.h"
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
  std::string at(const std::string& name) const { return (folder_ / name).string(); }

  TemporaryFolder folder_;
};

// What a layer costs of mAP is asked for, and is not the same for all.
TEST_F(Quantize, TellsWhatLayersCostOfMap) {
  const Outcome done =
      run_octet("quantize --json --method ptq --imgsz 96 --images 2 --rank-by-map --model " +
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
      "quantize --json --method ptq --weight-bits 7 --imgsz 256 --images 4 --rank-layers "
      "--model " +
      kModel + " --data " + kData + " -o " + at("int8.safetensors"));
  ASSERT_EQ(done.status, 0) << done.err;
  const json j = json::parse(done.out);
  EXPECT_EQ(j["truth"], "labels");
  EXPECT_EQ(j["images"], 4);
  EXPECT_EQ(j["layers"].size(), 63U);
  EXPECT_NEAR(j["map50_95"].get<double>(), j["float"]["map50_95"].get<double>(), 0.03);
  const std::string report = read_text_file(at("int8-run/report.html"));
  for (const char* part :
       {"int8, calibrated", "95 % of drops", "The layers that cost most", R"("kind":"bars")",
        ".jpg: float", ".jpg: int8", "<summary>Ranges of activations</summary>",
        "<td>--weight-bits</td><td>7</td><td>given</td>", "MB</td>", " UTC</td>"})
    EXPECT_THAT(report, HasSubstr(part));
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
  EXPECT_THAT(v["engines"][4]["engine"], testing::EndsWith(" without XNNPACK (--delegate none)"));
  EXPECT_EQ(v["images"]["run"], 2);
  for (const json& e : v["engines"]) {
    EXPECT_EQ(e["agrees"], true) << e.dump();
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
  EXPECT_THAT(again.err, HasSubstr("is an int8 model")) << again.err;
}

TEST_F(Quantize, TrainsAndKeepsLayersInFloat) {
  const Outcome done = run_octet(
      "quantize --json --imgsz 64 --images 2 --epochs 1 --batch 4 --keep-float 2 "
      "--bit-exact-everywhere "
      "--model " +
      kModel + " --data " + kData + " -o " + at("q.safetensors"));
  ASSERT_EQ(done.status, 0) << done.err;
  const json j = json::parse(done.out);
  EXPECT_EQ(j["kept_float"].size(), 2U);
  EXPECT_EQ(j["even_weights"], true);
  EXPECT_EQ(j["epochs"], 1);
  const Outcome other = run_octet(
      "quantize --resume --imgsz 64 --images 2 --epochs 2 --batch 4 "
      "--keep-float 3 --bit-exact-everywhere --model " +
      kModel + " --data " + kData + " -o " + at("q.safetensors"));
  EXPECT_EQ(other.status, 1);
  EXPECT_THAT(other.err, HasSubstr("is of a run with another model, other options or data"));
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
  const std::string report = read_text_file(at("run/report.html"));
  for (const char* part : {"best --conf", "<td>all classes</td>", "Confusion matrix",
                           R"("name":"mAP50-95","x":[1.0],"y":[)", ".jpg: labels",
                           "<td>--batch</td><td>4</td><td>given</td>", " UTC</td>"})
    EXPECT_THAT(report, HasSubstr(part));
  const Outcome resumed = run_octet(command + " --resume");
  EXPECT_EQ(resumed.status, 0);
  EXPECT_THAT(resumed.err, HasSubstr("1 of 1 epoch are done")) << resumed.err;
  const json first = json::parse(done.out), again = json::parse(resumed.out);
  EXPECT_EQ(again["epochs"], 1) << "of the whole run, as its seconds";
  EXPECT_NEAR(again["seconds"].get<double>(), first["seconds"].get<double>(), 1);
}

TEST_F(Quantize, EarlierRunsStayUnlessReplaced) {
  const std::string train = "train --epochs 1 --imgsz 64 --batch 4 --model " + kModel + " --data " +
                            kData + " -o " + at("run");
  ASSERT_EQ(run_octet(train).status, 0);
  const auto written = fs::last_write_time(at("run/best.safetensors"));
  const Outcome again = run_octet(train);
  EXPECT_EQ(again.status, 1);
  EXPECT_THAT(again.err, HasSubstr(at("run") + ": holds an earlier run"));
  EXPECT_EQ(fs::last_write_time(at("run/best.safetensors")), written);
  const Outcome itself =
      run_octet("train --epochs 1 --imgsz 64 --overwrite --model " + at("run/best.safetensors") +
                " --data " + kData + " -o " + at("run"));
  EXPECT_EQ(itself.status, 1);
  EXPECT_THAT(itself.err, HasSubstr("best.safetensors: is read by this run"));
  fs::create_directories(at("images"));
  std::ofstream(at("images/a.jpg")) << "no image";
  std::string yaml = read_text_file(kData);
  std::ofstream(at("bad.yaml")) << "train: images\nval: images\n"
                                << yaml.substr(yaml.find("names:"));
  const Outcome bad =
      run_octet("train --epochs 1 --imgsz 64 --overwrite --model " + kModel + " --teacher " +
                kModel + " --data " + at("bad.yaml") + " -o " + at("run"));
  EXPECT_EQ(bad.status, 1);
  EXPECT_THAT(bad.err, HasSubstr("is not a readable image"));
  EXPECT_EQ(fs::last_write_time(at("run/best.safetensors")), written) << "the data were refused";
  EXPECT_EQ(run_octet(train + " --overwrite").status, 0);
  EXPECT_NE(fs::last_write_time(at("run/best.safetensors")), written);
  EXPECT_EQ(run_octet(train + " --overwrite --resume").status, 2);
  const std::string ptq = "quantize --method ptq --imgsz 64 --images 2 --model " + kModel +
                          " --data " + kData + " -o " + at("int8.safetensors");
  ASSERT_EQ(run_octet(ptq).status, 0);
  const Outcome twice = run_octet(ptq);
  EXPECT_EQ(twice.status, 1);
  EXPECT_THAT(twice.err, HasSubstr("--overwrite replaces it"));
  EXPECT_EQ(run_octet(ptq + " --overwrite").status, 0);
  const Outcome int8 = run_octet("train --epochs 1 --imgsz 64 --model " + at("int8.safetensors") +
                                 " --data " + kData + " -o " + at("other"));
  EXPECT_EQ(int8.status, 1);
  EXPECT_THAT(int8.err, HasSubstr("is an int8 model"));
}

// A folder of images is enough where another model says what they show.
TEST_F(Quantize, TrainingLearnsFromATeacher) {
  const std::string train = "train --json --epochs 1 --imgsz 160 --batch 4 --model " + kModel +
                            " --data " + kSource + "/samples/coco/images -o " + at("run");
  const Outcome alone = run_octet(train);
  EXPECT_EQ(alone.status, 1);
  EXPECT_THAT(alone.err, HasSubstr("without a data.yaml"));
  const Outcome taught = run_octet(train + " --teacher " + kModel);
  ASSERT_EQ(taught.status, 0) << taught.err;
  EXPECT_EQ(json::parse(taught.out)["images"], 10);
  EXPECT_EQ(json::parse(taught.out)["truth"], "teacher");
  EXPECT_THAT(taught.err, HasSubstr("train: no image has a label"));
  EXPECT_THAT(read_text_file(at("run/results.csv")), HasSubstr("dfl,distill,map50"));
  for (const char* part : {"<td>teacher</td>", "detections of the teacher"})
    EXPECT_THAT(read_text_file(at("run/report.html")), HasSubstr(part));
  const Outcome other = run_octet("train --model " + kModel + " --teacher " + kSource +
                                  "/tests/data/checkpoints/v8.4.190-detect3.pt --data " + kData +
                                  " -o " + at("other"));
  EXPECT_EQ(other.status, 1);
  EXPECT_THAT(other.err, HasSubstr("the teacher has other classes"));
}

// Of a folder of pictures one is cut off, and one has wrong labels.
class SomeBadPictures : public Quantize {
 protected:
  void SetUp() override {
    Quantize::SetUp();
    for (const char* kind : {"images", "labels"}) {
      fs::create_directories(at(kind));
      fs::copy(kSource + "/samples/coco/" + kind + "/val", at(kind));
    }
    const fs::path last = std::prev(pictures().end())->path();
    fs::resize_file(last, fs::file_size(last) / 2);
    std::ofstream(at("labels/000000000785.txt")) << "99 .5 .5 .1 .1\n";
    std::string yaml = read_text_file(kData);
    std::ofstream(at("data.yaml")) << "train: images\nval: images\n"
                                   << yaml.substr(yaml.find("names:"));
  }
  std::vector<fs::directory_entry> pictures() const {
    std::vector<fs::directory_entry> all(fs::directory_iterator(at("images")), {});
    std::sort(all.begin(), all.end());
    return all;
  }
};

TEST_F(SomeBadPictures, TrainingAndQuantizationLeaveThemOut) {
  const std::string train = "train --json --epochs 1 --imgsz 64 --batch 4 --model " + kModel +
                            " --data " + at("data.yaml") + " -o " + at("run");
  const Outcome trained = run_octet(train);
  ASSERT_EQ(trained.status, 0) << trained.err;
  const json j = json::parse(trained.out);
  EXPECT_EQ(j["images"].get<size_t>() + 2, pictures().size());
  EXPECT_EQ(j["skipped"], 4) << "two of train, two of val";
  EXPECT_THAT(trained.err, HasSubstr("1 image left out (cannot be read): "));
  EXPECT_THAT(trained.err, HasSubstr("1 image left out (wrong labels): "));
  const Outcome quantized =
      run_octet("quantize --json --method ptq --imgsz 64 --images 20 --model " + kModel +
                " --data " + at("data.yaml") + " -o " + at("int8.safetensors"));
  ASSERT_EQ(quantized.status, 0) << quantized.err;
  EXPECT_EQ(json::parse(quantized.out)["skipped"], 4);
  fs::remove(at("labels/000000000785.txt"));
  const Outcome strict = run_octet(train + " --overwrite --strict");
  EXPECT_EQ(strict.status, 1);
  EXPECT_THAT(strict.err, HasSubstr(std::prev(pictures().end())->path().filename().string()));
}

// A model of other keypoints, fine-tuned, quantized, exported and run.
TEST_F(Quantize, OtherKeypointsGoAllTheWay) {
  for (const char* folder : {"images", "labels"}) fs::create_directories(at(folder));
  for (const char* name : {"000000000785", "000000000872", "000000000885", "000000001268"}) {
    const std::string stem = name;
    fs::copy_file(kSource + "/samples/coco/images/val/" + stem + ".jpg",
                  at("images/") + stem + ".jpg");
    std::ofstream(at("labels/") + stem + ".txt") << "0 .5 .5 .4 .4 .3 .3 2 .7 .3 2 .3 .7 1 0 0 0\n";
  }
  std::ofstream(at("data.yaml")) << "train: images\nval: images\nnames: [a]\nkpt_shape: [4, 3]\n"
                                    "flip_idx: [1, 0, 3, 2]\n";
  const std::string data = " --imgsz 64 --data " + at("data.yaml") + " --model ";
  const Outcome trained = run_octet("train --json --epochs 2 --batch 2 -o " + at("run") + data +
                                    kSource + "/tests/data/checkpoints/v8.4.190-pose1-half-ema.pt");
  ASSERT_EQ(trained.status, 0) << trained.err;
  EXPECT_THAT(trained.err, HasSubstr("become the data's [4, 3]"));
  const Outcome quantized = run_octet("quantize --json --epochs 1 --batch 2 --images 2 -o " +
                                      at("q.safetensors") + data + at("run/best.safetensors"));
  ASSERT_EQ(quantized.status, 0) << quantized.err;
  EXPECT_THAT(quantized.err, testing::Not(HasSubstr("box 0.000")));
  const Outcome exported = run_octet("export --format onnx --imgsz 64 -o " +
                                     folder_.path().string() + " --model " + at("q.safetensors"));
  ASSERT_EQ(exported.status, 0) << exported.err;
  const Outcome judged = run_octet("val --json" + data + at("q.onnx"));
  ASSERT_EQ(judged.status, 0) << judged.err;
  EXPECT_EQ(json::parse(judged.out)["task"], "pose");
  const Outcome again = run_octet("export --format onnx --imgsz 64 -o " + folder_.path().string() +
                                  " --model " + at("q.safetensors"));
  EXPECT_THAT(again.err, HasSubstr("q.onnx: replaces the file that was there"));
}

TEST_F(Quantize, WithoutLabelsNothingBegins) {
  fs::create_directories(at("images"));
  fs::copy(OCTET_SOURCE_DIR "/samples/coco/images/val", at("images"));
  std::ofstream(at("data.yaml")) << "train: images\nval: images\nnames: [a, b, c]\n";
  const Outcome done = run_octet("train --epochs 1 --imgsz 64 --model " + kTiny + " --data " +
                                 at("data.yaml") + " -o " + at("run"));
  EXPECT_EQ(done.status, 1);
  EXPECT_THAT(done.err, HasSubstr("no image has a label")) << done.err;
}

// Each epoch would be as good as any other.
TEST_F(Quantize, PoseNeedsALabelledKeypoint) {
  for (const char* folder : {"images", "labels"}) fs::create_directories(at(folder));
  fs::copy_file(kSource + "/samples/coco/images/val/000000000785.jpg", at("images/a.jpg"));
  std::string line = "0 .5 .5 .4 .4";
  for (int i = 0; i < 17; ++i) line += " 0 0 0";
  std::ofstream(at("labels/a.txt")) << line << "\n";
  std::ofstream(at("data.yaml")) << "train: images\nval: images\nnames: [a]\nkpt_shape: [17, 3]\n";
  const std::string rest = " --imgsz 64 --data " + at("data.yaml") + " --model " + kSource +
                           "/tests/data/checkpoints/v8.4.190-pose1-half-ema.pt -o ";
  for (const std::string& command : {"train --epochs 1" + rest + at("run"),
                                     "quantize --method ptq" + rest + at("int8.safetensors")}) {
    const Outcome done = run_octet(command);
    EXPECT_EQ(done.status, 1) << command;
    EXPECT_THAT(done.err, HasSubstr("val: no object has a labelled keypoint")) << command;
  }
}

// The only image with a label cannot be read.
TEST_F(Quantize, LabelsOfUnreadableImagesAreNone) {
  for (const char* folder : {"images", "labels"}) fs::create_directories(at(folder));
  fs::copy_file(kSource + "/samples/coco/images/val/000000000785.jpg", at("images/a.jpg"));
  std::ofstream(at("images/b.jpg")) << "no image";
  std::ofstream(at("labels/b.txt")) << "0 .5 .5 .4 .4\n";
  std::ofstream(at("data.yaml")) << "train: images\nval: images\nnames: [a]\n";
  const Outcome done = run_octet("train --epochs 1 --imgsz 64 --model " + kTiny + " --data " +
                                 at("data.yaml") + " -o " + at("run"));
  EXPECT_EQ(done.status, 1);
  EXPECT_THAT(done.err, HasSubstr("train: no image has a label")) << done.err;
}

// As prune does it: the float model says what the images show.
TEST_F(Quantize, ImagesWithoutLabelsAreEnough) {
  const Outcome done =
      run_octet("quantize --json --epochs 1 --batch 4 --images 2 --imgsz 160 --model " + kModel +
                " --data " + kSource + "/samples/coco/images -o " + at("int8.safetensors"));
  ASSERT_EQ(done.status, 0) << done.err;
  const json j = json::parse(done.out);
  EXPECT_EQ(j["truth"], "teacher");
  EXPECT_EQ(j["epochs"], 1);
  EXPECT_GT(j["float"]["map50_95"], 0.3) << "it is its own truth";
  EXPECT_THAT(read_text_file(at("int8-run/report.html")),
              HasSubstr("detections of the float model"));
}

// Threads of libgomp wait briefly before they sleep, unless the user wants it otherwise.
TEST_F(Quantize, ThreadsWaitBriefly) {
  const auto settings = [](const std::string& environment) {
    return run_shell(environment + " OMP_DISPLAY_ENV=VERBOSE " + OCTET_BIN_DIR +
                     "/octet-train --describe-options")
        .err;
  };
  EXPECT_THAT(settings("env -u OMP_WAIT_POLICY -u GOMP_SPINCOUNT"),
              HasSubstr("GOMP_SPINCOUNT = '10000'"));
  EXPECT_THAT(settings("GOMP_SPINCOUNT=77"), HasSubstr("GOMP_SPINCOUNT = '77'"));
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
