// Small files that stand for much memory or time, and values that no sound file has: each is refused
// with a message that begins with its name.
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/stat.h>
#include <zip.h>

#include <cstring>
#include <limits>
#include <string>

#include "core/file.h"
#include "format/checkpoint/checkpoint.h"
#include "format/checkpoint/pickle.h"
#include "format/model_file.h"
#include "format/onnx/onnx.h"
#include "format/openvino/ir.h"
#include "format/registry.h"
#include "format/tflite/tflite.h"
#include "model/passes/passes.h"
#include "testing/testing.h"
#include "tflite_generated.h"

namespace octet {
namespace {

using testing::HasSubstr;

const std::string kTooMuch = ": reading it would take more than";

std::string repeated(const std::string& piece, size_t count) {
  std::string text;
  for (size_t i = 0; i < count; ++i) text += piece;
  return text;
}

// ---- checkpoints

// A sound archive with this pickle in it.
std::string archive(const std::string& pickle) {
  zip_error_t error;
  zip_error_init(&error);
  zip_source_t* target = zip_source_buffer_create(nullptr, 0, 0, &error);
  zip_source_keep(target);
  zip_t* zip = zip_open_from_source(target, ZIP_TRUNCATE, &error);
  const auto index =
      zip_file_add(zip, "a/data.pkl", zip_source_buffer(zip, pickle.data(), pickle.size(), 0), 0);
  zip_set_file_compression(zip, static_cast<zip_uint64_t>(index), ZIP_CM_STORE, 0);
  zip_close(zip);
  zip_source_open(target);
  zip_source_seek(target, 0, SEEK_END);
  std::string out(static_cast<size_t>(zip_source_tell(target)), '\0');
  zip_source_seek(target, 0, SEEK_SET);
  zip_source_read(target, out.data(), out.size());
  zip_source_close(target);
  zip_source_free(target);
  zip_error_fini(&error);
  return out;
}

std::string text_value(const std::string& text) {
  const auto bytes = static_cast<uint32_t>(text.size());
  std::string out("X\0\0\0\0", 5);
  std::memcpy(out.data() + 1, &bytes, sizeof bytes);
  return out + text;
}

// {"model": a DetectionModel whose state is the dict that `members` fill}.
std::string model_pickle(const std::string& members) {
  return "\x80\x02}" + text_value("model") + "cultralytics.nn.tasks\nDetectionModel\n)\x81}" +
         members + "bs.";
}

std::string checkpoint_error(const std::string& pickle) {
  return error_of([&] { (void)parse_checkpoint(as_bytes(archive(pickle)), "evil.pt"); });
}

TEST(HostileCheckpoint, MemoGrowsWithinTheBudget) {
  EXPECT_THAT(checkpoint_error("\x80\x04N" + std::string(8'000'000, '\x94') + "."),
              HasSubstr("evil.pt" + kTooMuch));
}

TEST(HostileCheckpoint, OneTextIsNotTakenTenThousandTimes) {
  const std::string names = text_value("names") + "](" + text_value(std::string(1 << 20, 'x')) +
                            std::string("q\0", 2) + repeated(std::string("h\0", 2), 10'000) + "es";
  EXPECT_THAT(checkpoint_error(model_pickle(names)), HasSubstr("evil.pt" + kTooMuch));
}

TEST(HostileCheckpoint, OneListIsNotTakenTenThousandTimes) {
  std::string members = text_value("names") + "]" + text_value("cat") + "as" + text_value("first") +
                        std::string("]q\0(", 4) + repeated("K\1", 100'000) + "es";
  for (int i = 0; i < 10'000; ++i)
    members += text_value(std::to_string(i)) + std::string("h\0s", 3);
  EXPECT_THAT(checkpoint_error(model_pickle(members)), HasSubstr("evil.pt" + kTooMuch));
}

// ---- model files

std::string with_header(const std::string& header, const std::string& data = "") {
  const uint64_t bytes = header.size();
  std::string out(8, '\0');
  std::memcpy(out.data(), &bytes, 8);
  return out + header + data;
}

std::string safetensors_error(const std::string& file) {
  return error_of([&] { (void)parse_safetensors(as_bytes(file), "evil.safetensors"); });
}

TEST(HostileSafetensors, NoByteBelongsToTwoTensors) {
  const auto header = [](const char* second) {
    return std::string(
               R"({"a":{"dtype":"I8","shape":[4],"data_offsets":[4,8]},"b":{"dtype":"I8",)") +
           R"("shape":[4],"data_offsets":)" + second + "}}";
  };
  const std::string data(16, '1');
  for (const char* second : {"[4,8]", "[2,6]", "[6,10]"})
    EXPECT_THAT(safetensors_error(with_header(header(second), data)),
                HasSubstr("evil.safetensors: tensor 'b' lies at"))
        << second;
  for (const char* second : {"[0,4]", "[8,12]"})
    EXPECT_EQ(safetensors_error(with_header(header(second), data)), "") << second;
}

TEST(HostileSafetensors, HeadersAreBounded) {
  EXPECT_THAT(safetensors_error(with_header(repeated("[", 100'000))), HasSubstr("nested deeper"));
  EXPECT_THAT(safetensors_error(with_header("{\"a\":[" + repeated("[[]],", 2'000'000) + "[]]}")),
              HasSubstr("evil.safetensors" + kTooMuch));
}

// As octet's own reader has it, written again with the same metadata.
class Int8File {
 public:
  Int8File() {
    const auto bytes = read_file(OCTET_SOURCE_DIR "/samples/yolov8n-int8.safetensors");
    file_ = parse_safetensors(bytes, "sample");
  }
  SafetensorsFile& operator*() { return file_; }
  void write(const std::filesystem::path& path) const {
    std::vector<StoredTensor> tensors;
    for (const auto& [name, tensor] : file_.tensors)
      tensors.push_back({.name = name, .tensor = &tensor});
    for (const auto& [name, data] : file_.integers)
      tensors.push_back({.name = name,
                         .kind = StorageKind::kI32,
                         .shape = data.shape,
                         .integers = std::as_bytes(std::span(data.values))});
    write_safetensors(path, file_.metadata, tensors);
  }

 private:
  SafetensorsFile file_;
};

TEST(HostileModelFile, WeightsAreWithinInt8) {
  const TemporaryFolder folder;
  Int8File file;
  file.write(folder / "m.safetensors");
  EXPECT_EQ(error_of([&] { (void)read_model_file(folder / "m.safetensors"); }), "");
  (*file).integers.at("model.0.conv.weight").values.at(0) = std::numeric_limits<int32_t>::min();
  file.write(folder / "m.safetensors");
  EXPECT_THAT(error_of([&] { (void)read_model_file(folder / "m.safetensors"); }),
              HasSubstr("has a weight of -2147483648, beyond ±127"));
}

TEST(HostileModelFile, GraphsAreBounded) {
  Int8File file;
  const std::string inputs = "[" + repeated("\"image\",", 1'000'000) + "\"image\"]";
  std::map<std::string, std::string> metadata = (*file).metadata;
  std::string& text = metadata.at("octet");
  const size_t at = text.find("\"inputs\":") + 9;
  text.replace(at, text.find(']', at) + 1 - at, inputs);
  const TemporaryFolder folder;
  write_safetensors(folder / "m.safetensors", metadata, {});
  EXPECT_THAT(error_of([&] { (void)read_model_file(folder / "m.safetensors"); }),
              HasSubstr("m.safetensors" + kTooMuch));
}

// ---- ONNX, of protobuf by hand: a field's number and kind, and what is in it

std::string varint(uint64_t value) {
  std::string out;
  for (; value >= 0x80; value >>= 7) out += static_cast<char>(value | 0x80);
  return out + static_cast<char>(value);
}
std::string field(unsigned number, const std::string& content) {
  return varint(number << 3 | 2) + varint(content.size()) + content;
}
std::string onnx_error(const std::string& file) {
  return error_of([&] { (void)list_onnx(as_bytes(file), "evil.onnx"); });
}
constexpr unsigned kGraph = 7, kOpset = 8, kFunctions = 25;     // of a model
constexpr unsigned kNode = 1, kInitializer = 5;                 // of a graph
constexpr unsigned kOutput = 2, kOperator = 4, kAttribute = 5;  // of a node
const std::string kElsewhere("\x70\x01", 2);                    // of a tensor: data_location

TEST(HostileOnnx, OpsetsExist) {
  const auto opset = [](uint64_t version) {
    return field(kGraph, "") + field(kOpset, std::string(1, '\x10') + varint(version));
  };
  EXPECT_EQ(onnx_error(opset(21)), "");
  for (const uint64_t version : {uint64_t{1} << 40, ~uint64_t{0}})
    EXPECT_THAT(onnx_error(opset(version)), HasSubstr("which does not exist")) << version;
}

TEST(HostileOnnx, NothingRunsWithoutEnd) {
  EXPECT_THAT(onnx_error(field(kGraph, field(kNode, field(kOperator, "Loop")))),
              HasSubstr("evil.onnx: the operator '' is a Loop"));
  EXPECT_THAT(onnx_error(field(kGraph, "") + field(kFunctions, "")), HasSubstr("functions"));
}

TEST(HostileOnnx, WeightsInOtherFilesAreRefusedWhereverTheyHang) {
  const std::string constant =
      field(kNode, field(kOperator, "Constant") + field(kAttribute, field(5, kElsewhere)));
  const std::string nested =
      field(kNode, field(kOperator, "If") + field(kAttribute, field(6, constant)));
  for (const std::string& graph : {field(kInitializer, kElsewhere), constant, nested})
    EXPECT_THAT(onnx_error(field(kGraph, graph)), HasSubstr("lies in another file"));
}

TEST(HostileOnnx, ObjectsAreBounded) {
  EXPECT_THAT(onnx_error(field(kGraph, repeated(field(kNode, ""), 2'000'000))),
              HasSubstr("evil.onnx" + kTooMuch));
  EXPECT_THAT(onnx_error(field(kGraph, field(kNode, repeated(field(kOutput, ""), 2'000'000)))),
              HasSubstr("evil.onnx" + kTooMuch));
  std::string deep;
  for (int i = 0; i < 200; ++i) deep = field(kNode, field(kAttribute, field(6, deep)));
  EXPECT_THAT(onnx_error(field(kGraph, deep)), HasSubstr("nested deeper"));
}

// ---- IR

std::string ir_error(const std::string& xml, size_t weights = 0) {
  const std::vector<std::byte> bin(weights);
  return error_of([&] { (void)list_ir(xml, bin, "evil.xml"); });
}

TEST(HostileIr, TreesAndConstantsAreBounded) {
  EXPECT_THAT(ir_error("<net>" + repeated("<a/>x", 3'000'000) + "</net>"),
              HasSubstr("evil.xml" + kTooMuch));
  std::string layers;
  for (int i = 0; i < 1000; ++i)
    layers +=
        "<layer name=\"" + std::to_string(i) +
        R"(" type="Const"><data element_type="f32" shape="1" offset="0" size="1000000"/></layer>)";
  EXPECT_THAT(ir_error("<net><layers>" + layers + "</layers></net>", 1'000'000),
              HasSubstr("evil.xml" + kTooMuch));
}

TEST(HostileIr, WeightsAreARegularFile) {
  const TemporaryFolder folder;
  write_text_file(folder / "m.xml", "<net></net>");
  ASSERT_EQ(::mkfifo((folder / "m.bin").c_str(), 0600), 0);
  EXPECT_THAT(error_of([&] { (void)read_export(export_format("openvino"), folder / "m.xml"); }),
              HasSubstr("m.bin: is not a regular file"));
}

// ---- TensorFlow Lite

// So many tensors that share one buffer, one name and one shape.
std::string shared_tflite(size_t tensors, size_t buffer_bytes, size_t sides) {
  flatbuffers::FlatBufferBuilder b;
  const auto buffer = tflite::CreateBuffer(b, b.CreateVector(std::vector<uint8_t>(buffer_bytes)));
  const auto tensor = tflite::CreateTensor(b, b.CreateVector(std::vector<int>(sides, 1)),
                                           tflite::TensorType_UINT8, 0, b.CreateString("t"));
  const auto graph = tflite::CreateSubGraph(
      b, b.CreateVector(std::vector(tensors, tensor)), b.CreateVector(std::vector<int>{0}),
      b.CreateVector(std::vector<int>{0}),
      b.CreateVector(std::vector<flatbuffers::Offset<tflite::Operator>>{}));
  const auto code = tflite::CreateOperatorCode(b);
  tflite::FinishModelBuffer(
      b, tflite::CreateModel(b, 3, b.CreateVector(std::vector{code}),
                             b.CreateVector(std::vector{graph}), b.CreateString(""),
                             b.CreateVector(std::vector{buffer})));
  return {reinterpret_cast<const char*>(b.GetBufferPointer()), b.GetSize()};
}

TEST(HostileTflite, SharedTablesAreTakenEachTime) {
  const auto message = [](const std::string& file) {
    return error_of([&] { (void)list_tflite(as_bytes(file), "evil.tflite"); });
  };
  EXPECT_EQ(message(shared_tflite(10, 100, 4)), "");
  EXPECT_THAT(message(shared_tflite(100'000, 100'000, 1)), HasSubstr("evil.tflite" + kTooMuch));
  EXPECT_THAT(message(shared_tflite(100'000, 1, 100'000)), HasSubstr("evil.tflite" + kTooMuch));
}

// ---- NaN

// An export of each format with the first of its weights replaced.
TEST(Exports, WithNanAreRefused) {
  const TemporaryFolder folder;
  const float nan = std::numeric_limits<float>::quiet_NaN();
  Model model = fold_batch_norm(
      read_checkpoint(OCTET_SOURCE_DIR "/tests/data/checkpoints/v8.4.190-detect3.pt"));
  for (const char* name : {"onnx", "openvino", "tflite", "saved_model"}) {
    const ExportFormat& format = export_format(name);
    const std::filesystem::path path = folder / ("m" + std::string(format.extension));
    std::get<Conv2d>(model.graph.nodes[0].op).weight.values[0] = 0.5F;
    write_export(format, path, model, {.size = {64, 64}});
    EXPECT_EQ(
        error_of([&] { (void)format.read_metadata(read_export(format, path), path.string()); }), "")
        << name;
    std::get<Conv2d>(model.graph.nodes[0].op).weight.values[0] = nan;
    write_export(format, path, model, {.size = {64, 64}});
    EXPECT_THAT(
        error_of([&] { (void)format.read_metadata(read_export(format, path), path.string()); }),
        HasSubstr("holds NaN"))
        << name;
  }
}

}  // namespace
}  // namespace octet
