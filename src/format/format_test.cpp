#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cstring>
#include <fstream>
#include <nlohmann/json.hpp>

#include "core/file.h"
#include "format/checkpoint/checkpoint.h"
#include "format/checkpoint/pickle.h"
#include "format/model_file.h"
#include "format/onnx/onnx.h"
#include "format/openvino/ir.h"
#include "format/registry.h"
#include "format/tflite/tflite.h"
#include "graph/cost.h"
#include "graph/json/graph_json.h"
#include "model/passes/passes.h"
#include "quant/fine_keypoints.h"
#include "testing/testing.h"

namespace octet {
namespace {

using testing::HasSubstr;

namespace fs = std::filesystem;

const fs::path kCheckpoints = OCTET_SOURCE_DIR "/tests/data/checkpoints";

std::string pickle_error(const std::string& text) {
  Budget budget("evil.pt", text.size());
  return error_of([&] { const Pickle pickle(as_bytes(text), budget); });
}

TEST(Pickle, NeverCallsAnything) {
  const std::string message = pickle_error(
      "\x80\x02"
      "cos\nsystem\nU\x04true\x85R.");
  EXPECT_THAT(message, HasSubstr("evil.pt: refused: it names 'os.system'")) << message;
  EXPECT_THAT(pickle_error("\x80\x02"
                           "cbuiltins\neval\n."),
              HasSubstr("builtins.eval"));
}

TEST(Pickle, NamesOtherGenerations) {
  EXPECT_THAT(pickle_error("\x80\x02"
                           "cultralytics.nn.modules.block\nC3k2\n."),
              HasSubstr("YOLO11"));
  EXPECT_THAT(pickle_error("\x80\x02"
                           "cmodels.yolo\nDetectionModel\n."),
              HasSubstr("YOLOv5"));
}

TEST(Pickle, DepthCostsNoStack) {
  std::string deep = "\x80\x02";
  for (int i = 0; i < 200'000; ++i) deep += ']';
  for (int i = 0; i < 199'999; ++i) deep += 'a';
  EXPECT_EQ(pickle_error(deep + "."), "");
}

TEST(Pickle, RefusesDamage) {
  for (const std::string& bytes :
       {std::string(""), std::string("\x80\x02"), std::string("\x80\x02."),
        std::string("\x80\x02]a."), std::string("\x80\x02h\x05."),
        std::string("\x80\x02X\xff\xff\xff\x7f"
                    "a."),
        std::string("\x80\x02(."), std::string("\x80\x02}(]u."), std::string("\xfe.")}) {
    EXPECT_THAT(pickle_error(bytes), HasSubstr("evil.pt"));
  }
}

TEST(Checkpoint, ReadsEveryLayout) {
  int count = 0;
  for (const auto& entry : fs::directory_iterator(kCheckpoints)) {
    if (entry.path().extension() != ".pt") continue;
    const std::string name = entry.path().stem().string();
    const Model model = read_checkpoint(entry.path());
    const bool pose = name.find("pose") != std::string::npos;
    EXPECT_EQ(model.info.task, pose ? Task::kPose : Task::kDetect) << name;
    EXPECT_EQ(model.info.head.strides, (std::vector{8, 16, 32}));
    EXPECT_EQ(model.info.head.bins.size(), 16U);
    EXPECT_EQ(model.outputs().size(), pose && name.find("pose2") == std::string::npos ? 12U
                                      : pose                                          ? 9U
                                                                                      : 6U)
        << name;
    const std::string family = name.find("yolov5") != std::string::npos   ? "YOLOv5u"
                               : name.find("yolov9") != std::string::npos ? "YOLOv9"
                                                                          : "YOLOv8";
    EXPECT_EQ(model.info.family, family) << name;
    const bool fused = name.find("fused") != std::string::npos;
    const bool has_norm = model.graph.find("model.0.bn") != nullptr;
    EXPECT_NE(fused, has_norm) << name;
    ++count;
  }
  EXPECT_EQ(count, 9);
}

TEST(Checkpoint, RefusesWhatIsNone) {
  const auto whole = read_file(kCheckpoints / "v8.4.190-detect3.pt");
  for (const size_t bytes :
       {size_t{0}, size_t{1}, size_t{100}, whole.size() / 2, whole.size() - 1}) {
    const auto message =
        error_of([&] { (void)parse_checkpoint(std::span(whole).first(bytes), "cut.pt"); });
    EXPECT_TRUE(message.starts_with("cut.pt")) << bytes << ": " << message;
  }
  auto damaged = whole;
  damaged[whole.size() / 2] ^= std::byte{0x40};
  EXPECT_THAT(error_of([&] { (void)parse_checkpoint(damaged, "bad.pt"); }), HasSubstr("damaged"));
}

std::string with_header(const std::string& header, const std::string& data = "") {
  const uint64_t bytes = header.size();
  std::string out(8, '\0');
  std::memcpy(out.data(), &bytes, 8);
  return out + header + data;
}

TEST(Safetensors, RefusesLies) {
  const auto message = [](const std::string& file) {
    return error_of([&] { (void)parse_safetensors(as_bytes(file), "lie.safetensors"); });
  };
  EXPECT_THAT(message(""), HasSubstr("lie"));
  EXPECT_THAT(message(std::string("\xff\xff\xff\xff\xff\xff\xff\x7f{}", 10)),
              HasSubstr("cut short"));
  EXPECT_THAT(message(with_header("{")), HasSubstr("damaged"));
  EXPECT_NE(
      message(with_header(R"({"a":{"dtype":"F32","shape":[2],"data_offsets":[0,8]}})", "1234"))
          .find("'a'"),
      std::string::npos);
  EXPECT_NE(
      message(with_header(R"({"a":{"dtype":"F32","shape":[1],"data_offsets":[4,0]}})", "1234"))
          .find("'a'"),
      std::string::npos);
  EXPECT_NE(
      message(with_header(
                  R"({"a":{"dtype":"F32","shape":[4294967296,4294967296],"data_offsets":[0,4]}})",
                  "1234"))
          .find("more elements"),
      std::string::npos);
  EXPECT_NE(
      message(with_header(R"({"a":{"dtype":"F32","shape":[-1],"data_offsets":[0,4]}})", "1234"))
          .find("whole number"),
      std::string::npos);
  EXPECT_NE(
      message(with_header(R"({"a":{"dtype":"BOOL","shape":[4],"data_offsets":[0,4]}})", "1234"))
          .find("BOOL"),
      std::string::npos);
  EXPECT_EQ(
      message(with_header(R"({"a":{"dtype":"F32","shape":[1],"data_offsets":[0,4]}})", "1234")),
      "");
}

TEST(ModelFile, RoundTripIsExact) {
  const TemporaryFolder folder;
  const Model model = read_checkpoint(kCheckpoints / "v8.4.190-pose1-half-ema.pt");
  write_model_file(folder / "m.safetensors", model, StorageKind::kF32);
  const Model again = read_model(folder / "m.safetensors");
  EXPECT_EQ(to_json(again.graph), to_json(model.graph));
  EXPECT_EQ(to_json(again.info), to_json(model.info));
  for (size_t i = 0; i < model.graph.nodes.size(); ++i) {
    const auto a = parameters(model.graph.nodes[i].op);
    const auto b = parameters(again.graph.nodes[i].op);
    ASSERT_EQ(a.size(), b.size());
    for (size_t p = 0; p < a.size(); ++p) EXPECT_EQ(a[p].tensor->values, b[p].tensor->values);
  }
  // The checkpoint is in half precision, so nothing is lost in a half file either.
  write_model_file(folder / "h.safetensors", model, StorageKind::kF16);
  EXPECT_EQ(std::get<Conv2d>(read_model(folder / "h.safetensors").graph.nodes[0].op).weight.values,
            std::get<Conv2d>(model.graph.nodes[0].op).weight.values);
}

TEST(ModelFile, FineKeypointsMayBeAtSomeStrides) {
  const TemporaryFolder folder;
  Model model = read_checkpoint(kCheckpoints / "v8.4.190-pose1-half-ema.pt");
  model = add_fine_keypoints(fold_batch_norm(model));
  ASSERT_EQ(model.outputs().size(), 15U);
  const std::vector<Output> all = model.outputs();
  model.graph.outputs.clear();
  model.head_outputs.clear();
  for (const Output& o : all) {
    if (o.name() != "fine_keypoint_8") model.add_output(o);
  }
  write_model_file(folder / "m.safetensors", model, StorageKind::kF32);
  EXPECT_EQ(graph_to_json(read_model(folder / "m.safetensors")), graph_to_json(model));
  model.info.head.keypoints = 3;
  model.info.flip_index.clear();
  EXPECT_THAT(error_of([&] { verify(model); }), HasSubstr("keypoint_8"));
  model.info = read_checkpoint(kCheckpoints / "v8.4.190-pose1-half-ema.pt").info;
  model.graph.outputs.back() = model.graph.outputs.front();
  EXPECT_THAT(error_of([&] { verify(model); }), HasSubstr("fine_keypoint_32"));
}

TEST(ModelFile, RefusesOtherSafetensors) {
  EXPECT_THAT(
      error_of([] { (void)parse_model_file(as_bytes(with_header("{}")), "x.safetensors"); }),
      HasSubstr("octet import"));
}

TEST(ModelFile, WeightsAreOnTheirGrid) {
  const TemporaryFolder folder;
  Model model = read_model_file(OCTET_SOURCE_DIR "/samples/yolov8n-int8.safetensors");
  for (const auto& [grid, said] : {std::pair{WeightGrid{.even = true}, "which is odd"},
                                   {WeightGrid{.bits = 7}, "beyond ±63"},
                                   {WeightGrid{.bits = 5}, "5 bits"}}) {
    model.quantization.weight_grid = grid;
    write_model_file(folder / "m.safetensors", model, StorageKind::kF32);
    const std::string error = error_of([&] { (void)read_model_file(folder / "m.safetensors"); });
    EXPECT_THAT(error, HasSubstr(said)) << error;
  }
}

TEST(Exports, CarryTheirMetadata) {
  const TemporaryFolder folder;
  Model model = read_checkpoint(kCheckpoints / "v8.4.190-detect3.pt");
  model = fold_batch_norm(model);
  write_onnx(folder / "m.onnx", model, {64, 32}, Layout::kRaw);
  write_ir(folder / "m.xml", model, {64, 32}, Layout::kUltralytics);
  const auto onnx = read_onnx_metadata(read_file(folder / "m.onnx"), "m.onnx");
  EXPECT_EQ(nlohmann::json::parse(onnx.at("octet"))["layout"], "raw");
  const auto ir =
      read_ir_metadata(read_text_file(folder / "m.xml"), read_file(folder / "m.bin"), "m.xml");
  EXPECT_EQ(nlohmann::json::parse(ir.at("octet"))["layout"], "ultralytics");
  EXPECT_EQ(ir.at("names"), "{0: 'class 0', 1: 'class 1', 2: 'class 2'}");
  EXPECT_EQ(ir.at("imgsz"), "[32, 64]");
}

// The IR is the largest: its graph is text. With limits of its own for every input and output of a
// FakeQuantize it would be above this.
TEST(Exports, OfInt8TakeLittleMoreThanAByteAParameter) {
  const TemporaryFolder folder;
  Model model = read_model_file(OCTET_SOURCE_DIR "/samples/yolov8n-int8.safetensors");
  model = fold_batch_norm(std::move(model));
  const Size size{640, 640};
  write_onnx(folder / "m.onnx", model, size, Layout::kRaw);
  write_tflite(folder / "m.tflite", model, size, Layout::kRaw);
  write_ir(folder / "m.xml", model, size, Layout::kRaw);
  const double most = 1.11 * static_cast<double>(cost(model.graph, size).parameters);
  EXPECT_LE(static_cast<double>(fs::file_size(folder / "m.onnx")), most);
  EXPECT_LE(static_cast<double>(fs::file_size(folder / "m.tflite")), most);
  EXPECT_LE(static_cast<double>(fs::file_size(folder / "m.xml") + fs::file_size(folder / "m.bin")),
            most);
}

TEST(Exports, RefuseDamage) {
  const TemporaryFolder folder;
  std::ofstream(folder / "x.onnx") << "not a model at all";
  std::ofstream(folder / "x.xml") << "<net><layers>";
  EXPECT_THAT(error_of([&] { (void)read_export(export_format("onnx"), folder / "x.onnx"); }),
              HasSubstr("x.onnx"));
  EXPECT_THAT(
      error_of([&] { (void)read_ir_metadata(read_text_file(folder / "x.xml"), {}, "x.xml"); }),
      HasSubstr("x.xml"));
}

}  // namespace
}  // namespace octet
