#include "detect/detector.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/stat.h>

#include <cmath>
#include <fstream>
#include <iostream>
#include <nlohmann/json.hpp>

#include "core/cpu.h"
#include "core/file.h"
#include "core/folder.h"
#include "engine/registry.h"
#include "engine/tflite/tensors.h"
#include "format/checkpoint/checkpoint.h"
#include "format/onnx/onnx.h"
#include "format/openvino/ir.h"
#include "format/tflite/hybrid_sample.h"
#include "format/tflite/tflite.h"
#include "model/passes/passes.h"
#include "quant/fine_keypoints.h"
#include "testing/testing.h"

namespace octet {
namespace {

using testing::HasSubstr;

namespace fs = std::filesystem;

constexpr Size kSize{64, 64};

std::vector<fs::path> checkpoints() {
  std::vector<fs::path> files;
  for (const auto& entry : fs::directory_iterator(OCTET_SOURCE_DIR "/tests/data/checkpoints")) {
    if (entry.path().extension() == ".pt") files.push_back(entry.path());
  }
  return files;
}

// The picture that tests/tools/make_checkpoints.py gave to Ultralytics.
void fill_test_picture(uint8_t* nhwc) {
  for (int y = 0; y < kSize.height; ++y) {
    for (int x = 0; x < kSize.width; ++x) {
      for (int c = 0; c < 3; ++c)
        *nhwc++ = static_cast<uint8_t>((7 * x + 13 * y + 29 * c + x * y) % 256);
    }
  }
}

// The decoded output (rows, cells) of an export in Ultralytics' layout.
void expect_decoded(const TensorView& output, const nlohmann::json& expected, const ModelInfo& info,
                    const std::string& name) {
  // In TensorFlow Lite's files coordinates are fractions of the input, a square of 64.
  const size_t points = 4 + info.names.size();
  const auto unit = [&](size_t row) {
    const bool coordinate =
        row < 4 ||
        (row >= points && (row - points) % static_cast<size_t>(info.head.keypoint_dims) < 2);
    return coordinate && name.find("tflite") != std::string::npos ? 64.0F : 1.0F;
  };
  ASSERT_EQ(output.shape, expected["decoded_shape"].get<Shape>()) << name;
  const auto rows = static_cast<size_t>(output.shape[1]);
  const auto cells = static_cast<size_t>(output.shape[2]);
  size_t cell = 0;
  for (const auto& column : expected["decoded"]) {  // every seventh cell
    for (size_t r = 0; r < rows; ++r) {
      ASSERT_NEAR(unit(r) * output.floats()[r * cells + cell], column[r].get<float>(), 2e-3)
          << name << " row " << r << " cell " << cell;
    }
    cell += 7;
  }
}

struct Way {
  const char* file;
  const char* engine;
};

void expect_exports_give(const Model& model, const nlohmann::json& expected,
                         const std::string& what) {
  const TemporaryFolder folder;
  write_ir(folder / "m.xml", model, kSize, Layout::kUltralytics);
  write_onnx(folder / "m.onnx", model, kSize, Layout::kUltralytics);
  write_tflite(folder / "m.tflite", model, kSize, Layout::kUltralytics);
  for (const auto& [name, engine_name] :
       {Way{"m.xml", "openvino"}, Way{"m.onnx", "openvino"}, Way{"m.onnx", "onnxruntime"},
        Way{"m.tflite", "tflite"}}) {
    const auto engine = load_engine(engine_name);
    const ExportContent content = read_export(*export_format_of(name), folder / name);
    const auto network = engine->compile(source_of(content, name), kSize, {});
    EXPECT_EQ(network->description().precision, "fp32");
    const auto request = network->make_request();
    fill_test_picture(request->input());
    request->start();
    request->wait();
    ASSERT_EQ(request->outputs().size(), 1U);
    expect_decoded(request->outputs()[0], expected, model.info,
                   what + " " + name + " " + engine_name);
  }
}

// Every checkpoint layout, through every exporter and engine, gives what Ultralytics itself
// computes; so does the mean of keypoints and fine keypoints.
TEST(Engines, ExportsEqualUltralytics) {
  for (const fs::path& file : checkpoints()) {
    Model model = read_checkpoint(file);
    model = fold_batch_norm(model);
    const auto expected =
        nlohmann::json::parse(read_text_file(fs::path(file).replace_extension(".json")));
    expect_exports_give(model, expected, file.filename().string());
    if (model.info.task != Task::kPose) continue;
    model = add_fine_keypoints(model);
    const Placement placement = place_quantizers(model);
    const std::vector<QuantParams> groups(placement.groups.size(), QuantParams{.scale = 0.3F});
    spread_fine_keypoints(model, placement, groups);
    expect_exports_give(model, expected, file.filename().string() + " with fine keypoints");
  }
}

bool is_near(const Detections& a, size_t i, const Detections& b, size_t k) {
  const auto apart = [](float x, float y) { return std::abs(x - y) > 2e-2F; };
  const Detection& p = a.items[i];
  const Detection& q = b.items[k];
  if (p.class_index != q.class_index || std::abs(p.confidence - q.confidence) > 1e-6F ||
      apart(p.box.x1, q.box.x1) || apart(p.box.y2, q.box.y2))
    return false;
  const auto points = static_cast<size_t>(a.keypoints_per_object);
  for (size_t n = 0; n < points; ++n) {
    const Keypoint& u = a.keypoints[i * points + n];
    const Keypoint& v = b.keypoints[k * points + n];
    if (apart(u.x, v.x) || std::abs(u.confidence - v.confidence) > 1e-3F) return false;
  }
  return true;
}

// Without suppression, whose winners among random weights' equal scores are another engine's own.
void expect_same(const Detections& found, const Detections& wanted, const std::string& what) {
  size_t matched = 0;
  for (size_t k = 0; k < wanted.items.size(); ++k) {
    bool any = false;
    for (size_t i = 0; i < found.items.size() && !any; ++i) any = is_near(found, i, wanted, k);
    matched += any ? 1 : 0;
  }
  // A score beside the threshold may fall on its other side.
  EXPECT_LE(wanted.items.size() - matched, 1U) << what;
  EXPECT_LE(found.items.size(), wanted.items.size() + 1) << what;
}

// The raw outputs, decoded here, are the boxes of the exports that decode inside, in every engine.
TEST(Detector, BothLayoutsFindTheSame) {
  const TemporaryFolder folder;
  std::vector<uint8_t> pixels(static_cast<size_t>(kSize.width) * kSize.height * 3);
  fill_test_picture(pixels.data());
  const RgbView picture{.data = pixels.data(), .stride_bytes = kSize.width * 3, .size = kSize};
  for (const fs::path& file : checkpoints()) {
    Model model = read_checkpoint(file);
    model = fold_batch_norm(model);
    write_ir(folder / "u.xml", model, kSize, Layout::kUltralytics);
    write_tflite(folder / "u.tflite", model, kSize, Layout::kUltralytics);
    const auto run = [&](const fs::path& path, const std::string& engine) {
      Detector detector(
          {.model = path, .engine = engine, .size = SizeOption{.size = kSize, .exact = true}});
      const auto job = detector.make_job();
      Detections found;
      job->submit(picture);
      job->finish({.score_threshold = 1e-5F,
                   .iou_threshold = 1,
                   .max_detections = 100000,
                   .multi_label = true},
                  found);
      return found;
    };
    const Detections first = run(file, "openvino");
    ASSERT_GT(first.items.size(), 0U) << file;
    expect_same(run(folder / "u.xml", "auto"), first, file.string() + " u.xml");
    expect_same(run(folder / "u.tflite", "auto"), first, file.string() + " u.tflite");
    expect_same(run(file, "tflite"), first, file.string() + " tflite");
    expect_same(run(file, "onnxruntime"), first, file.string() + " onnxruntime");
  }
}

TEST(Tflite, PicturesAreTurnedForInputsWithTheirChannelsFirst) {
  const Port port{.name = "x", .type = ElementType::kFloat32, .shape = {1, 3, 1, 2}};
  EXPECT_EQ(input_port(port, "m").shape, (Shape{1, 1, 2, 3}));
  PictureInput input(port);
  const std::array<uint8_t, 6> pixels{0, 51, 102, 153, 204, 255};  // two, RGB
  std::copy(pixels.begin(), pixels.end(), input.bytes());
  std::array<float, 6> tensor{};
  input.copy_to(tensor.data());
  EXPECT_EQ(tensor, (std::array<float, 6>{0, 0.6F, 0.2F, 0.8F, 0.4F, 1}));
  Port planes = port;
  planes.shape = {1, 4, 1, 2};
  EXPECT_THAT(error_of([&] { (void)input_port(planes, "m"); }), HasSubstr("not an image"));
}

TEST(OpenVino, CacheGivesTheSameAndHealsItself) {
  const TemporaryFolder folder;
  const DetectorOptions options{.model = checkpoints()[0],
                                .size = SizeOption{.size = kSize},
                                .runtime = {.cache = folder.path()}};
  EXPECT_FALSE(Detector(options).description().from_cache);
  EXPECT_TRUE(Detector(options).description().from_cache);
  for (const auto& entry : fs::directory_iterator(folder.path()))
    std::ofstream(entry.path()) << "damaged";
  EXPECT_FALSE(Detector(options).description().from_cache);
}

// Not of a name, a size or a time: those can be the same for two models.
TEST(OpenVino, CacheIsOfTheContent) {
  const TemporaryFolder folder;
  Model model = fold_batch_norm(read_checkpoint(checkpoints()[0]));
  const fs::path cache = folder / "cache";
  const auto from_cache = [&](const fs::path& file) {
    return Detector({.model = file, .runtime = {.cache = cache}}).description().from_cache;
  };
  write_ir(folder / "m.xml", model, kSize, Layout::kRaw);
  EXPECT_FALSE(from_cache(folder / "m.xml"));
  fs::copy(folder / "m.xml", folder / "n.xml");
  fs::copy(folder / "m.bin", folder / "n.bin");
  EXPECT_TRUE(from_cache(folder / "n.xml")) << "the same under another name";

  const auto written = fs::last_write_time(folder / "m.bin");
  std::get<Conv2d>(model.graph.nodes[0].op).weight.values[0] += 1;
  write_ir(folder / "m.xml", model, kSize, Layout::kRaw);
  for (const char* name : {"m.xml", "m.bin"}) fs::last_write_time(folder / name, written);
  EXPECT_FALSE(from_cache(folder / "m.xml")) << "others of the same size and time";
  EXPECT_TRUE(from_cache(folder / "m.xml"));

  const std::vector<fs::path> kept = list_folder(cache);
  ASSERT_EQ(kept.size(), 2U);
  fs::copy(kept[0], kept[1], fs::copy_options::overwrite_existing);
  EXPECT_NE(from_cache(folder / "m.xml"), from_cache(folder / "n.xml")) << "one is another's";
}

// TensorFlow Lite would read the scales of the other channels beyond the file's single one.
TEST(Engines, WeightsOfOneScaleInAFloatNetworkAreExact) {
  for (const auto& [delegate, behind] :
       {std::pair{"", false}, {"none", false}, {"", true}, {"none", true}}) {
    const std::string content =
        HybridSample{.input_channels = 3, .side = 32, .behind = behind}.bytes();
    const auto engine = load_engine("tflite");
    const auto network = engine->compile({.name = "m", .content = content}, {32, 32},
                                         {.settings = {{"delegate", delegate}}});
    EXPECT_EQ(network->description().precision, "int8 weights, float arithmetic");
    const auto request = network->make_request();
    std::fill_n(request->input(), 32 * 32 * 3, uint8_t{255});
    request->start();
    request->wait();
    const TensorView out = request->outputs()[0];
    ASSERT_EQ(element_count(out.shape), 32 * 32 * 3);
    for (int c = 0; c < 3; ++c) {
      const int middle =
          out.channels_last || out.shape[3] == 3 ? (16 * 32 + 16) * 3 + c : (c * 32 + 16) * 32 + 16;
      EXPECT_NEAR(out.floats()[middle], 9 * 3 * 0.5, 0.2) << c << " '" << delegate << "'";
    }
  }
}

// Those of a container's limit too.
TEST(Engines, TakeAllCoresThatTheyMayUse) {
  for (const char* name : {"openvino", "onnxruntime", "tflite"}) {
    if (const std::string missing = error_of([&] { (void)load_engine(name); }); !missing.empty()) {
      std::cout << "left out: " << missing << "\n";
      continue;
    }
    const Detector detector({.model = checkpoints()[0],
                             .engine = name,
                             .size = SizeOption{.size = kSize, .exact = true}});
    EXPECT_EQ(detector.description().threads, usable_cores()) << name;
  }
}

TEST(Artifact, ReadsRegularFilesOnly) {
  const TemporaryFolder folder;
  const Model model = fold_batch_norm(read_checkpoint(checkpoints()[0]));
  write_ir(folder / "m.xml", model, kSize, Layout::kRaw);
  fs::remove(folder / "m.bin");
  ASSERT_EQ(::mkfifo((folder / "m.bin").c_str(), 0600), 0);
  EXPECT_THAT(error_of([&] { (void)read_export(export_format("openvino"), folder / "m.xml"); }),
              HasSubstr("m.bin: is not a regular file"));
}

TEST(Detector, SaysWhatIsWrong) {
  const TemporaryFolder folder;
  Model model = read_checkpoint(checkpoints()[0]);
  model = fold_batch_norm(model);
  write_ir(folder / "m.xml", model, kSize, Layout::kRaw);
  const auto message = [&](const fs::path& file, const std::string& size = "64") {
    return error_of([&] { Detector({.model = file, .size = SizeOption::parse(size)}); });
  };
  EXPECT_THAT(message(folder / "m.xml", "96"), HasSubstr("fixed to 64x64"));
  fs::resize_file(folder / "m.bin", 100);
  EXPECT_THAT(message(folder / "m.xml"), HasSubstr("m.xml"));
  std::ofstream(folder / "x.xml") << "<net name='x' version='11'><layers/><edges/></net>";
  write_text_file(folder / "x.bin", "");
  EXPECT_THAT(message(folder / "x.xml"), HasSubstr("metadata"));
  EXPECT_THAT(error_of([&] { (void)load_engine("tensorrt"); }),
              HasSubstr("there are: auto, openvino"));
}

TEST(Artifact, ReadsUltralyticsMetadata) {
  const auto onnx = parse_export_metadata({{"task", "pose"},
                                           {"names", R"({0: "it's", 1: 'b'})"},
                                           {"stride", "32"},
                                           {"kpt_shape", "[17, 3]"}},
                                          "m.onnx");
  EXPECT_EQ(onnx.info.names, (std::vector<std::string>{"it's", "b"}));
  EXPECT_EQ(onnx.info.head.keypoints, 17);
  EXPECT_THAT(error_of([&] {
                (void)parse_export_metadata(
                    {{"task", "segment"}, {"names", "{0: 'a'}"}, {"stride", "32"}}, "m.onnx");
              }),
              HasSubstr("segment"));
  EXPECT_THAT(error_of([&] { (void)parse_export_metadata({}, "m.onnx"); }),
              HasSubstr("octet export"));
  EXPECT_THAT(error_of([&] {
                (void)parse_export_metadata(
                    {{"metadata.yaml", "task: detect\nnames: {0: a}\nstride: [x"}}, "m.xml");
              }),
              HasSubstr("m.xml: its metadata: is not valid YAML"));
  EXPECT_THAT(error_of([&] {
                (void)parse_export_metadata({{"octet", std::string(999, '[')}}, "m");
              }),
              HasSubstr("m: its metadata: is nested deeper"));
  const auto yaml = parse_export_metadata(
      {{"metadata.yaml", "task: detect\nstride: 32\nnames:\n  0: person\n  1: dog\n"}}, "m.xml");
  EXPECT_EQ(yaml.info.names, (std::vector<std::string>{"person", "dog"}));
  EXPECT_EQ(yaml.layout, Layout::kUltralytics);
}

// Sizes, counts and loops follow from these figures.
TEST(Artifact, FiguresOfMetadataAreInRange) {
  const auto message = [](const std::string& key, const std::string& value) {
    std::map<std::string, std::string> entries{
        {"task", "pose"}, {"names", "{0: 'a'}"}, {"stride", "32"}, {"kpt_shape", "[17, 3]"}};
    entries[key] = value;
    return error_of([&] { (void)parse_export_metadata(entries, "m.onnx"); });
  };
  EXPECT_EQ(message("kpt_shape", "[1, 2]"), "");
  for (const char* shape : {"[1, 16]", "[1, 100]", "[1, -1]", "[1, 0]"})
    EXPECT_THAT(message("kpt_shape", shape), HasSubstr("m.onnx: keypoints of ")) << shape;
  for (const char* shape : {"[0, 3]", "[-1, 3]", "[1001, 3]", "[2147483647, 3]"})
    EXPECT_THAT(message("kpt_shape", shape), HasSubstr(" keypoints")) << shape;
  for (const char* shape : {"[1]", "[]", "{a: 1}", "17", "[4611686018427387904, 3]", "[x, y]"})
    EXPECT_THAT(message("kpt_shape", shape), HasSubstr("m.onnx: ")) << shape;
  for (const char* stride : {"2147483647", "128", "0", "-5", "1e9", ".nan", "[8]"})
    EXPECT_THAT(message("stride", stride), HasSubstr("m.onnx: ")) << stride;
  std::string names;
  for (int i = 0; i < 10'001; ++i) names += fmt::format("{}: n, ", i);
  EXPECT_THAT(message("names", "{" + names + "}"), HasSubstr("a model of 10001 classes"));
}

TEST(Artifact, KnowsExportsThatEndWithDetections) {
  const std::map<std::string, std::string> plain{
      {"task", "detect"}, {"names", "{0: 'a'}"}, {"stride", "32"}, {"imgsz", "[320, 416]"}};
  const auto layout_with = [&](const std::string& key, const std::string& value) {
    auto entries = plain;
    entries[key] = value;
    return parse_export_metadata(entries, "m.onnx").layout;
  };
  EXPECT_EQ(layout_with("end2end", "True"), Layout::kDetections);
  EXPECT_EQ(layout_with("end2end", "False"), Layout::kUltralytics);
  EXPECT_EQ(layout_with("args", "{'batch': 1, 'nms': True}"), Layout::kDetections);
  EXPECT_EQ(layout_with("args", "{'batch': 1, 'nms': False}"), Layout::kUltralytics);
  EXPECT_EQ(layout_with("args", "nothing"), Layout::kUltralytics);
  EXPECT_EQ(parse_export_metadata(plain, "m.onnx").size, (Size{416, 320}));
}

TEST(Artifact, RemembersTheSizeOfItsTraining) {
  ModelInfo info = read_checkpoint(checkpoints()[0]).info;
  EXPECT_EQ(ModelInfo{}.usual_side(), 640);
  info.trained_side = 320;
  EXPECT_EQ(info_from_json(to_json(info)).trained_side, 320);
  info.trained_side = 333;
  EXPECT_THAT(error_of([&] { verify(info); }), HasSubstr("imgsz 333"));
  info.trained_side = 0;
  EXPECT_FALSE(to_json(info).contains("imgsz"));
}

}  // namespace
}  // namespace octet
