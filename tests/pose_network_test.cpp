// Networks for the keypoints of one person: what import takes their outputs for, and what val and
// detect find with them, as a user runs them.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <fstream>
#include <nlohmann/json.hpp>

#include "core/file.h"
#include "format/import_network.h"
#include "format/model_file.h"
#include "format/registry.h"
#include "model/known_keypoints.h"
#include "run_octet.h"
#include "tools/onnx_network.h"

namespace octet {
namespace {
namespace fs = std::filesystem;
using nlohmann::json;
using testing::HasSubstr;
using Parts = std::map<PosePart, std::string>;

// ---- the meaning of outputs, by their names and shapes

// A network of outputs (channels, 16, 16), by name.
OnnxNetwork network_of(const std::vector<std::pair<std::string, int64_t>>& outputs) {
  OnnxNetwork n(13, {1, 3, 32, 32});
  n.conv("features", "x", {8, 3, 3, 3},
         {{"strides", OnnxNetwork::Numbers{2, 2}}, {"pads", OnnxNetwork::Numbers{1, 1, 1, 1}}});
  for (const auto& [name, channels] : outputs)
    n.output(n.conv(name, "features", {channels, 8, 1, 1}));
  return n;
}

// Outputs of so many numbers in a row.
OnnxNetwork points_of(const std::vector<std::pair<std::string, int64_t>>& outputs) {
  OnnxNetwork n(13, {1, 3, 32, 32});
  n.conv("features", "x", {8, 3, 3, 3});
  n.node("GlobalAveragePool", "pooled", {"features"});
  n.node("Flatten", "flat", {"pooled"});
  for (const auto& [name, numbers] : outputs)
    n.output(n.node("Gemm", name, {"flat", n.noise(name + ".w", {8, numbers})}));
  return n;
}

std::optional<PoseHead> head_of(const OnnxNetwork& n, const PoseHeadRequest& request = {}) {
  const std::string bytes = n.bytes();
  ImportOptions options;
  options.head = request;
  return import_network(as_bytes(bytes), "n.onnx", options).model.info.pose_head;
}

std::string refusal(const OnnxNetwork& n, const PoseHeadRequest& request) {
  return error_of([&] { (void)head_of(n, request); });
}

TEST(PoseHeads, MoveNetIsKnown) {
  const auto head =
      head_of(network_of({{"heatmap", 17}, {"center", 1}, {"regress", 34}, {"offset", 34}}));
  ASSERT_TRUE(head.has_value());
  EXPECT_EQ(head->kind, PoseHeadKind::kCentre);
  EXPECT_EQ(head->outputs, (Parts{{PosePart::kHeatmap, "heatmap"},
                                  {PosePart::kOffset, "offset"},
                                  {PosePart::kCentre, "center"},
                                  {PosePart::kRegress, "regress"}}));
  EXPECT_EQ(head->keypoints, 17);
  EXPECT_TRUE(head->pairs && head->y_first && head->logits && !head->offset_in_pixels);
  EXPECT_EQ(head->names.at(9), "left wrist");
  EXPECT_EQ(head->coco.at(16), 16);
}

TEST(PoseHeads, PoseNetIsKnown) {
  const auto head = head_of(network_of(
      {{"heatmap", 17}, {"offset", 34}, {"displacement_fwd", 32}, {"displacement_bwd", 32}}));
  ASSERT_TRUE(head.has_value());
  EXPECT_EQ(head->kind, PoseHeadKind::kHeatmap);
  EXPECT_EQ(head->outputs.at(PosePart::kOffset), "offset");
  EXPECT_TRUE(!head->pairs && head->y_first && head->logits && head->offset_in_pixels);
}

TEST(PoseHeads, BlazePoseIsKnown) {
  const auto head = head_of(points_of({{"ld", 195}, {"flag", 1}, {"world", 117}}));
  ASSERT_TRUE(head.has_value());
  EXPECT_EQ(head->kind, PoseHeadKind::kRegression);
  EXPECT_EQ(head->outputs, (Parts{{PosePart::kPoints, "ld"}, {PosePart::kPresence, "flag"}}));
  EXPECT_EQ(head->keypoints, 33);
  EXPECT_EQ(head->point_numbers, 5);
  EXPECT_EQ(head->names.at(31), "left foot index");
  EXPECT_EQ(head->coco,
            (std::vector<int>{0, 2, 5, 7, 8, 11, 12, 13, 14, 15, 16, 23, 24, 25, 26, 27, 28}));
}

TEST(PoseHeads, SeventeenMapsAloneAreHeatMaps) {
  const auto head = head_of(network_of({{"out", 17}}));
  ASSERT_TRUE(head.has_value());
  EXPECT_EQ(head->kind, PoseHeadKind::kHeatmap);
  EXPECT_EQ(head->outputs, (Parts{{PosePart::kHeatmap, "out"}}));
  EXPECT_FALSE(head->logits);
}

TEST(PoseHeads, OthersHaveNone) {
  EXPECT_FALSE(head_of(network_of({{"out", 16}})).has_value());
  EXPECT_FALSE(head_of(network_of({{"heatmap", 17}, {"offset", 33}})).has_value());
  EXPECT_FALSE(head_of(points_of({{"ld", 34}})).has_value());
  const OnnxNetwork known = network_of({{"out", 17}});
  EXPECT_FALSE(head_of(known, {.kind = "none", .outputs = {}, .order = ""}).has_value());
}

TEST(PoseHeads, OptionsNameTheParts) {
  const OnnxNetwork n = network_of({{"a1", 5}, {"a2", 10}, {"a3", 3}});
  const auto head = head_of(n, {.kind = "heatmap",
                                .outputs = parse_pose_outputs("heatmap=a1,offset=a2"),
                                .order = "xy-pairs"});
  ASSERT_TRUE(head.has_value());
  EXPECT_EQ(head->keypoints, 5);
  EXPECT_TRUE(head->pairs && !head->y_first);
  EXPECT_TRUE(head->names.empty());

  const auto points = head_of(points_of({{"p", 12}}),
                              {.kind = "regression", .outputs = {}, .order = "", .keypoints = 4});
  EXPECT_EQ(points->point_numbers, 3);
}

// Behind a sigmoid values may still be moved.
TEST(PoseHeads, ScoresBehindASigmoidAreProbabilities) {
  const auto logits = [](const std::string& moved, const char* activation) {
    OnnxNetwork n = network_of({{"offset_2", 4}});
    n.node(activation, "s", {n.conv("a", "features", {3, 8, 1, 1})});
    if (moved == "heatmap_slice")
      n.node("Slice", moved,
             {"s", n.integers("from", {0}), n.integers("to", {2}), n.integers("of", {1})});
    if (moved == "heatmap_two")
      n.node("Concat", moved,
             {n.node("Sigmoid", "t", {n.conv("b", "features", {1, 8, 1, 1})}),
              n.node(activation, "u", {n.conv("c", "features", {1, 8, 1, 1})})},
             {{"axis", 1}});
    n.output(moved);
    return head_of(n).value().logits;
  };
  for (const char* moved : {"heatmap_slice", "heatmap_two"}) {
    EXPECT_FALSE(logits(moved, "Sigmoid")) << moved;
    EXPECT_TRUE(logits(moved, "Relu")) << moved;
  }
}

TEST(PoseHeads, ScoresAreNamed) {
  const OnnxNetwork alone = network_of({{"maps", 17}});
  PoseHeadRequest request;
  EXPECT_FALSE(head_of(alone, request)->logits);
  request.scores = "logits";
  EXPECT_TRUE(head_of(alone, request)->logits);
  request.scores = "probabilities";
  EXPECT_FALSE(head_of(network_of({{"heatmap", 17}, {"offset_2", 34}}), request)->logits);
  request.scores = "percent";
  EXPECT_THAT(refusal(alone, request), HasSubstr("--scores percent: is neither logits"));
  request.scores = "logits";
  EXPECT_THAT(refusal(points_of({{"coordinates", 195}, {"presence", 1}}), request),
              HasSubstr("--scores: is for heat maps"));
  EXPECT_THAT(refusal(network_of({{"one", 3}, {"two", 3}}), request), HasSubstr("need --head"));
}

TEST(PoseHeads, OptionsThatDoNotFitAreNamed) {
  const OnnxNetwork n = network_of({{"a1", 5}, {"a2", 10}});
  EXPECT_EQ(refusal(n, {.kind = "centre", .outputs = {}, .order = ""}),
            "--head centre: name its output by --outputs heatmap=NAME; the network has a1, a2");
  EXPECT_THAT(refusal(n, {.kind = "heatmap", .outputs = {{PosePart::kHeatmap, "b"}}, .order = ""}),
              HasSubstr("--outputs heatmap=b: the network has a1, a2"));
  EXPECT_THAT(refusal(n, {.kind = "", .outputs = {{PosePart::kHeatmap, "a1"}}, .order = ""}),
              HasSubstr("need --head"));
  EXPECT_THAT(refusal(n, {.kind = "simcc", .outputs = {}, .order = ""}),
              HasSubstr("--head simcc: is not one of centre, heatmap, regression, none"));
  EXPECT_THAT(refusal(network_of({{"a", 17}}), {.kind = "", .outputs = {}, .order = "zx"}),
              HasSubstr("--order zx: is not one of yx-pairs"));
  EXPECT_THAT(refusal(points_of({{"p", 14}}), {.kind = "regression", .outputs = {}, .order = ""}),
              HasSubstr("--keypoints: is needed, since 'p' has 14 numbers"));
  EXPECT_THAT(refusal(points_of({{"p", 14}}),
                      {.kind = "heatmap", .outputs = {{PosePart::kHeatmap, "p"}}, .order = ""}),
              HasSubstr("the output 'p' is no image of heat maps"));
  EXPECT_THAT(error_of([] { (void)parse_pose_outputs("heatmap"); }), HasSubstr("heatmap=NAME"));
  EXPECT_THAT(error_of([] { (void)parse_pose_outputs("nose=a"); }), HasSubstr("'nose'"));
}

// ---- the command line

const fs::path kShared = fs::path(OCTET_SOURCE_DIR).parent_path() / "shared/data";

class PoseNetworks : public testing::Test {
 protected:
  [[nodiscard]] std::string file(const std::string& name) const {
    return (folder_ / name).string();
  }
  // Writes an ONNX file and imports it.
  Outcome import(const OnnxNetwork& network, const std::string& options = "") {
    std::ofstream(folder_ / "n.onnx", std::ios::binary) << network.bytes();
    return run_octet("import " + file("n.onnx") + " -o " + file("n.safetensors") + options);
  }
  // The images and labels of coco-pose, with links to the images of coco.
  std::string coco_pose() const {
    for (const char* part : {"images", "labels"}) fs::create_directories(folder_ / part / "val");
    for (const auto& label : fs::directory_iterator(kShared / "coco-pose/labels/val")) {
      const fs::path name = label.path().filename();
      const fs::path image = fs::path(name).replace_extension(".jpg");
      fs::copy_file(label.path(), folder_ / "labels/val" / name);
      fs::create_symlink(kShared / "coco/images/val" / image, folder_ / "images/val" / image);
    }
    fs::copy_file(kShared / "coco-pose/data.yaml", folder_ / "data.yaml");
    return file("data.yaml");
  }
  [[nodiscard]] json val(const std::string& model, const std::string& data) const {
    const Outcome done = run_octet("val --json --model " + model + " --data " + data);
    EXPECT_EQ(done.status, 0) << done.err;
    return done.status == 0 ? json::parse(done.out) : json();
  }

  TemporaryFolder folder_;
};

TEST_F(PoseNetworks, ImportSaysWhatItTookTheOutputsFor) {
  const Outcome known = import(network_of({{"out", 17}}));
  EXPECT_EQ(known.status, 0) << known.err;
  EXPECT_THAT(known.err,
              HasSubstr("pose head heatmap of 17 keypoints (heatmap=out), by their names "
                        "and shapes; --head names another"));
  const Outcome unknown = import(network_of({{"out", 16}}));
  EXPECT_THAT(unknown.err, HasSubstr("the meaning of its outputs is not known; --head"));
  const Outcome wrong =
      import(network_of({{"a", 5}, {"b", 9}}), " --head heatmap --outputs heatmap=a,offset=b");
  EXPECT_EQ(wrong.status, 1);
  EXPECT_THAT(wrong.err, HasSubstr("the output 'b' has the shape (1, 9, 16, 16); as 'offset' it "
                                   "needs (1, 10, 16, 16)"));
}

// The head is part of the model file and of every export.
TEST_F(PoseNetworks, ExportsKeepTheHead) {
  ASSERT_EQ(import(network_of({{"out", 17}})).status, 0);
  const Outcome exported = run_octet("export --format onnx,openvino,tflite -o " + file("out") +
                                     " --model " + file("n.safetensors"));
  ASSERT_EQ(exported.status, 0) << exported.err;
  for (const char* name : {"n.safetensors", "out/n.onnx", "out/n.xml", "out/n.tflite"}) {
    const Outcome shown = run_octet("inspect --json " + file(name));
    ASSERT_EQ(shown.status, 0) << shown.err;
    const json j = json::parse(shown.out);
    EXPECT_EQ(j["pose_head"]["kind"], "heatmap") << name;
    EXPECT_EQ(j["pose_head"]["outputs"]["heatmap"], "out") << name;
    EXPECT_EQ(j["pose_head"]["skeleton"].size(), 18) << name;
  }
  EXPECT_THAT(run_octet("inspect " + file("out/n.onnx")).out,
              HasSubstr("pose head heatmap of 17 keypoints"));
}

// Of an image as one person: keypoints inside it, and a box around them.
TEST_F(PoseNetworks, DetectTakesAnImageAsOnePerson) {
  ASSERT_EQ(import(network_of({{"out", 17}})).status, 0);
  const std::string images = kSource + "/samples/coco/images/val";
  const Outcome done = run_octet("detect --json --conf 0 --model " + file("n.safetensors") +
                                 " --source " + images + " --save " + file("drawn"));
  ASSERT_EQ(done.status, 0) << done.err;
  const json all = json::parse(done.out)["images"];
  ASSERT_GT(all.size(), 1U);
  for (const json& image : all) {
    ASSERT_EQ(image["detections"].size(), 1U);
    const json& person = image["detections"][0];
    EXPECT_EQ(person["name"], "person");
    ASSERT_EQ(person["keypoints"].size(), 17U);
    const double longer = std::max(image["width"].get<double>(), image["height"].get<double>());
    for (const json& k : person["keypoints"]) {
      EXPECT_GE(k[0].get<double>(), -longer);
      EXPECT_LE(k[0].get<double>(), 2 * longer);
    }
    EXPECT_LE(person["box"][2].get<double>(), image["width"].get<double>());
  }
  EXPECT_FALSE(fs::is_empty(folder_ / "drawn"));
}

TEST_F(PoseNetworks, ValNamesDataThatDoesNotFit) {
  ASSERT_EQ(import(network_of({{"out", 16}}), " --head heatmap").status, 0);
  const std::string boxes = kSource + "/samples/coco/data.yaml";
  const Outcome none = run_octet("val --model " + file("n.safetensors") + " --data " + boxes);
  EXPECT_EQ(none.status, 1);
  EXPECT_THAT(none.err, HasSubstr("its labels have no keypoints"));

  fs::create_directories(folder_ / "images/val");
  fs::create_directories(folder_ / "labels/val");
  fs::copy_file(
      kSource + "/samples/coco/images/val/" +
          fs::directory_iterator(kSource + "/samples/coco/images/val")->path().filename().string(),
      folder_ / "images/val/a.jpg");
  std::ofstream(folder_ / "labels/val/a.txt") << "0 .5 .5 .8 .8 .4 .4 2 .6 .6 2\n";
  std::ofstream(folder_ / "data.yaml")
      << "path: .\nval: images/val\nnames: [person]\nkpt_shape: [2, 3]\n";
  const Outcome other =
      run_octet("val --model " + file("n.safetensors") + " --data " + file("data.yaml"));
  EXPECT_EQ(other.status, 1);
  EXPECT_THAT(other.err, HasSubstr("has 2 keypoints an object, the network has 16"));

  ASSERT_EQ(import(network_of({{"out", 2}}), " --head heatmap").status, 0);
  const json j = val(file("n.safetensors"), file("data.yaml"));
  EXPECT_EQ(j["task"], "pose");
  EXPECT_EQ(j["images"], 1);
  EXPECT_EQ(j["persons"], 1);
  EXPECT_GE(j["pose_map50_95"].get<double>(), 0);
}

#define REQUIRE_SHARED(path) \
  if (!fs::exists(kShared / (path))) GTEST_SKIP() << kShared / (path) << " is not there"

// shared/data/generic/pose_eval.py computes the same by OpenCV, ONNX Runtime and pycocotools.
TEST_F(PoseNetworks, MoveNetHasTheAccuracyOfItsOwnEngine) {
  REQUIRE_SHARED("generic/movenet-lightning.onnx");
  ASSERT_EQ(run_octet("import " + (kShared / "generic/movenet-lightning.onnx").string() + " -o " +
                      file("m.safetensors"))
                .status,
            0);
  const json j = val(file("m.safetensors"), coco_pose());
  EXPECT_EQ(j["images"], 70);
  EXPECT_EQ(j["persons"], 232);
  EXPECT_NEAR(j["pose_map50_95"].get<double>(), 0.3734, 0.002);
  EXPECT_NEAR(j["pose_map50"].get<double>(), 0.6417, 0.005);
}

TEST_F(PoseNetworks, PoseNetHasTheAccuracyOfItsOwnEngine) {
  REQUIRE_SHARED("generic/posenet.onnx");
  ASSERT_EQ(run_octet("import " + (kShared / "generic/posenet.onnx").string() + " -o " +
                      file("p.safetensors"))
                .status,
            0);
  EXPECT_NEAR(val(file("p.safetensors"), coco_pose())["pose_map50_95"].get<double>(), 0.0955,
              0.002);
}

// Its 33 landmarks give COCO's 17.
TEST_F(PoseNetworks, BlazePoseIsMeasuredByCocosKeypoints) {
  REQUIRE_SHARED("generic/pose_landmark_lite.tflite");
  ASSERT_EQ(run_octet("import " + (kShared / "generic/pose_landmark_lite.tflite").string() +
                      " -o " + file("b.safetensors"))
                .status,
            0);
  EXPECT_GT(val(file("b.safetensors"), coco_pose())["pose_map50"].get<double>(), 0.2);
}

}  // namespace
}  // namespace octet
