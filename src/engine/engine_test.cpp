#include <gtest/gtest.h>

#include <cmath>
#include <fstream>
#include <nlohmann/json.hpp>

#include "core/file.h"
#include "core/testing.h"
#include "engine/detector.h"
#include "format/checkpoint/checkpoint.h"
#include "format/onnx/onnx.h"
#include "graph/passes/passes.h"

namespace octet {
namespace {
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
void expect_decoded(const TensorView& output, const nlohmann::json& expected,
                    const std::string& name) {
  ASSERT_EQ(output.shape, expected["decoded_shape"].get<Shape>()) << name;
  const auto rows = static_cast<size_t>(output.shape[1]);
  const auto cells = static_cast<size_t>(output.shape[2]);
  size_t cell = 0;
  for (const auto& column : expected["decoded"]) {  // every seventh cell
    for (size_t r = 0; r < rows; ++r) {
      ASSERT_NEAR(output.floats()[r * cells + cell], column[r].get<float>(), 2e-3)
          << name << " row " << r << " cell " << cell;
    }
    cell += 7;
  }
}

// Every checkpoint layout, through both exporters, gives what Ultralytics itself computes.
TEST(OpenVino, ExportsEqualUltralytics) {
  const TemporaryFolder folder;
  for (const fs::path& file : checkpoints()) {
    Model model = read_checkpoint(file);
    model.graph = fold_batch_norm(model.graph);
    write_ir(folder / "m.xml", model, kSize, Layout::kUltralytics);
    write_onnx(folder / "m.onnx", model, kSize, Layout::kUltralytics);
    const auto expected =
        nlohmann::json::parse(read_text_file(fs::path(file).replace_extension(".json")));
    for (const char* name : {"m.xml", "m.onnx"}) {
      const auto engine = load_engine("openvino");
      const auto network = engine->compile({.file = folder / name}, kSize, {});
      EXPECT_EQ(network->description().precision, "fp32");
      const auto request = network->make_request();
      fill_test_picture(request->input());
      request->start();
      request->wait();
      ASSERT_EQ(request->outputs().size(), 1U);
      expect_decoded(request->outputs()[0], expected, file.filename().string() + " " + name);
    }
  }
}

// The raw outputs, decoded here, are the boxes of the export that decodes inside.
TEST(Detector, BothLayoutsFindTheSame) {
  const TemporaryFolder folder;
  std::vector<uint8_t> pixels(static_cast<size_t>(kSize.width) * kSize.height * 3);
  fill_test_picture(pixels.data());
  const RgbView picture{.data = pixels.data(), .stride_bytes = kSize.width * 3, .size = kSize};
  for (const fs::path& file : checkpoints()) {
    Model model = read_checkpoint(file);
    model.graph = fold_batch_norm(model.graph);
    write_ir(folder / "u.xml", model, kSize, Layout::kUltralytics);
    Detections found[2];
    const fs::path models[2] = {file, folder / "u.xml"};
    for (int i = 0; i < 2; ++i) {
      Detector detector({.model = models[i], .size = SizeOption{.size = kSize, .exact = true}});
      const auto job = detector.make_job();
      job->submit(picture);
      job->finish({.score_threshold = 1e-5F, .multi_label = true}, found[i]);
    }
    ASSERT_GT(found[0].items.size(), 0U) << file;
    ASSERT_EQ(found[0].items.size(), found[1].items.size()) << file;
    for (size_t i = 0; i < found[0].items.size(); ++i) {
      EXPECT_NEAR(found[0].items[i].confidence, found[1].items[i].confidence, 1e-6);
      EXPECT_NEAR(found[0].items[i].box.x1, found[1].items[i].box.x1, 2e-2) << file << i;
      EXPECT_NEAR(found[0].items[i].box.y2, found[1].items[i].box.y2, 2e-2) << file << i;
    }
    ASSERT_EQ(found[0].keypoints.size(), found[1].keypoints.size());
    for (size_t i = 0; i < found[0].keypoints.size(); ++i) {
      EXPECT_NEAR(found[0].keypoints[i].x, found[1].keypoints[i].x, 2e-2) << file << i;
      EXPECT_NEAR(found[0].keypoints[i].confidence, found[1].keypoints[i].confidence, 1e-3)
          << file << i;
    }
  }
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

TEST(Detector, SaysWhatIsWrong) {
  const TemporaryFolder folder;
  Model model = read_checkpoint(checkpoints()[0]);
  model.graph = fold_batch_norm(model.graph);
  write_ir(folder / "m.xml", model, kSize, Layout::kRaw);
  const auto message = [&](const fs::path& file, const std::string& size = "64") {
    return error_of([&] { Detector({.model = file, .size = SizeOption::parse(size)}); });
  };
  EXPECT_NE(message(folder / "m.xml", "96").find("fixed to 64x64"), std::string::npos);
  fs::resize_file(folder / "m.bin", 100);
  EXPECT_NE(message(folder / "m.xml").find("m.xml"), std::string::npos);
  std::ofstream(folder / "x.xml") << "<net name='x' version='11'><layers/><edges/></net>";
  EXPECT_NE(message(folder / "x.xml").find("metadata"), std::string::npos);
  EXPECT_NE(error_of([&] { (void)load_engine("tensorrt"); }).find("there are: auto, openvino"),
            std::string::npos);
}

TEST(Artifact, ReadsUltralyticsMetadata) {
  const auto onnx = parse_export_metadata({{"task", "pose"},
                                           {"names", R"({0: "it's", 1: 'b'})"},
                                           {"stride", "32"},
                                           {"kpt_shape", "[17, 3]"}},
                                          "m.onnx");
  EXPECT_EQ(onnx.info.names, (std::vector<std::string>{"it's", "b"}));
  EXPECT_EQ(onnx.info.keypoints, 17);
  EXPECT_NE(error_of([&] {
              (void)parse_export_metadata(
                  {{"task", "segment"}, {"names", "{0: 'a'}"}, {"stride", "32"}}, "m.onnx");
            }).find("segment"),
            std::string::npos);
  EXPECT_NE(error_of([&] { (void)parse_export_metadata({}, "m.onnx"); }).find("octet export"),
            std::string::npos);
  EXPECT_NE(error_of([&] {
              (void)parse_export_metadata(
                  {{"metadata.yaml", "task: detect\nnames: {0: a}\nstride: [x"}}, "m.xml");
            }).find("m.xml"),
            std::string::npos);
  const auto yaml = parse_export_metadata(
      {{"metadata.yaml", "task: detect\nstride: 32\nnames:\n  0: person\n  1: dog\n"}}, "m.xml");
  EXPECT_EQ(yaml.info.names, (std::vector<std::string>{"person", "dog"}));
  EXPECT_EQ(yaml.layout, Layout::kUltralytics);
}

}  // namespace
}  // namespace octet
