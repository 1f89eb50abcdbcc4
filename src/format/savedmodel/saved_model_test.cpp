#include "format/savedmodel/saved_model.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/stat.h>

#include <algorithm>
#include <array>
#include <cmath>
#include <cstring>
#include <limits>

#include "core/file.h"
#include "format/model_file.h"
#include "format/registry.h"
#include "format/savedmodel/tensorflow_graph.h"
#include "model/passes/passes.h"
#include "quant/params.h"
#include "testing/testing.h"

namespace octet {
namespace {

using testing::HasSubstr;
namespace fs = std::filesystem;

constexpr Size kSize{64, 96};
const std::string kTooMuch = ": reading it would take more than";

Model sample(const std::string& name) {
  return fold_batch_norm(read_model_file(OCTET_SOURCE_DIR "/samples/" + name + ".safetensors"));
}

ExportListing listing(const std::string& bytes) { return list_saved_model(as_bytes(bytes), "m"); }

std::vector<float> floats(const ListedTensor& tensor) {
  EXPECT_EQ(tensor.type, "f32");
  std::vector<float> values(tensor.bytes.size() / sizeof(float));
  std::memcpy(values.data(), tensor.bytes.data(), tensor.bytes.size());
  return values;
}

const Conv2d& conv_of(const Model& model, const std::string& name) {
  return std::get<Conv2d>(model.graph.find(name)->op);
}

TEST(SavedModel, SignatureHasBytesAndPictures) {
  const Model model = sample("yolov8n");
  const auto fields = listing(make_saved_model(model, kSize, Layout::kRaw)).nodes.at("(graph)");
  EXPECT_EQ(fields.at("tags"), "serve");
  EXPECT_EQ(fields.at("serving_default method"), "tensorflow/serving/predict");
  EXPECT_EQ(fields.at("serving_default input image"), "image:0 u8 1 96 64 3");
  EXPECT_THAT(fields.at("serving_default output box_8"), HasSubstr(":0 f32 1 12 8 64"));
  EXPECT_THAT(fields.at("serving_default output class_32"), HasSubstr(":0 f32 1 3 2 80"));
  EXPECT_EQ(fields.at("other fields"), "0");
}

TEST(SavedModel, DecodedLayoutHasOneOutput) {
  const Model model = sample("yolov8n");
  const std::string bytes = make_saved_model(model, kSize, Layout::kUltralytics);
  const auto fields = listing(bytes).nodes.at("(graph)");
  EXPECT_EQ(fields.at("serving_default input images"), "images:0 f32 1 96 64 3");
  EXPECT_THAT(fields.at("serving_default output output0"), HasSubstr(":0 f32 1 84 126"));
  const auto metadata = read_saved_model_metadata(as_bytes(bytes), "m");
  EXPECT_EQ(metadata.at("imgsz"), "[96, 64]");
  EXPECT_THAT(metadata.at("octet"), HasSubstr("ultralytics"));
}

// (O, I, H, W) in the model, (H, W, I, O) in the file. The first convolution takes the division by
// 255.
TEST(SavedModel, WeightsAreInTensorflowsOrder) {
  const Model model = sample("yolov8n");
  const ExportListing l = listing(make_saved_model(model, kSize, Layout::kRaw));
  const std::string name = "model.1.conv";
  const Conv2d& conv = conv_of(model, name);
  const Shape& s = conv.weight.shape;
  const ListedTensor& stored = l.tensors.at(name + ".weight");
  EXPECT_EQ(stored.shape, (Shape{s[2], s[3], s[1], s[0]}));
  const std::vector<float> values = floats(stored);
  const auto in_model = [&](int64_t o, int64_t i, int64_t h, int64_t w) {
    return conv.weight.values[static_cast<size_t>(((o * s[1] + i) * s[2] + h) * s[3] + w)];
  };
  const auto in_file = [&](int64_t o, int64_t i, int64_t h, int64_t w) {
    return values[static_cast<size_t>(((h * s[3] + w) * s[1] + i) * s[0] + o)];
  };
  for (const auto& [o, i, h, w] :
       {std::array<int64_t, 4>{0, 0, 0, 0}, {1, 0, 0, 0}, {0, 1, 0, 0}, {0, 0, 1, 0}, {3, 5, 2, 1}})
    EXPECT_EQ(in_file(o, i, h, w), in_model(o, i, h, w));
  EXPECT_EQ(floats(l.tensors.at(name + ".bias")), conv.bias.values);
  EXPECT_EQ(floats(l.tensors.at("model.0.conv.weight"))[0],
            conv_of(model, "model.0.conv").weight.values[0] * (1.0F / 255));
}

// TensorFlow computes scale and zero point anew from both ends: they have to be octet's, exactly.
TEST(SavedModel, FakeQuantizersHaveTheModelsScales) {
  const Model model = sample("yolov8n-int8");
  const ExportListing l = listing(make_saved_model(model, kSize, Layout::kRaw));
  size_t quantizers = 0;
  for (const auto& [value, p] : model.quantization.values) {
    const auto at = l.nodes.find(value + ".quantized");
    if (at == l.nodes.end()) continue;
    ++quantizers;
    EXPECT_EQ(at->second.at("operator"), "FakeQuantWithMinMaxVars");
    EXPECT_EQ(at->second.at("num_bits"), "8");
    EXPECT_EQ(at->second.at("narrow_range"), "false");
    const float low = floats(l.tensors.at(value + ".quantized.min")).at(0);
    const float high = floats(l.tensors.at(value + ".quantized.max")).at(0);
    const float scale = (high - low) / 255.0F;
    EXPECT_EQ(scale, p.scale) << value;
    EXPECT_EQ(static_cast<float>((static_cast<double>(high) - low) / 255), p.scale) << value;
    EXPECT_EQ(-low / scale, static_cast<float>(p.zero_point - kInt8Min)) << value;
  }
  EXPECT_GT(quantizers, 100U);
}

// The converter of TensorFlow computes the scale in double precision, and the integers from it.
void expect_same_weights(const Conv2d& conv, const QuantizedConv& q, const ExportListing& l,
                         const std::string& name) {
  const std::vector<float> weight = floats(l.tensors.at(name + ".weight"));
  const std::vector<float> low = floats(l.tensors.at(name + ".weight.min"));
  const std::vector<float> high = floats(l.tensors.at(name + ".weight.max"));
  const auto outputs = static_cast<size_t>(conv.weight.shape[0]);
  const auto inputs = static_cast<size_t>(conv.weight.shape[1]);
  const size_t positions = q.weight.size() / outputs / inputs;
  ASSERT_EQ(weight.size(), q.weight.size());
  for (size_t o = 0; o < outputs; ++o) {
    const double scale = (static_cast<double>(high[o]) - low[o]) / 254;
    EXPECT_EQ(static_cast<float>(scale), q.scales[o]) << name << " " << o;
    EXPECT_NEAR(low[o] / scale, -127, 1e-4);
    for (size_t i = 0; i < inputs; ++i)
      for (size_t p = 0; p < positions; ++p)
        ASSERT_NEAR(weight[(p * inputs + i) * outputs + o] / scale,
                    q.weight[(o * inputs + i) * positions + p], 1e-4);
  }
}

TEST(SavedModel, QuantizedWeightsAreTheModelsIntegers) {
  const Model model = sample("yolov8n-int8");
  const ExportListing l = listing(make_saved_model(model, kSize, Layout::kRaw));
  for (const auto& [name, q] : model.quantization.convs) {
    const auto& node = l.nodes.at(name + ".weight.quantized");
    EXPECT_EQ(node.at("operator"), "FakeQuantWithMinMaxVarsPerChannel");
    EXPECT_EQ(node.at("narrow_range"), "true");
    expect_same_weights(conv_of(model, name), q, l, name);
    const std::string& input = model.graph.find(name)->inputs[0];
    const double input_scale = model.quantization.find(input)->scale;
    const std::vector<float> bias = floats(l.tensors.at(name + ".bias"));
    for (size_t o = 0; o < q.scales.size(); ++o)
      EXPECT_EQ(std::nearbyint(bias[o] / (input_scale * q.scales[o])), q.bias[o]) << name;
  }
}

// The scales are those of the last axis, so the groups have one of their own behind the quantizer.
TEST(SavedModel, DepthwiseFiltersHaveTheirGroups) {
  Model model = sample("yolov8n-int8");
  Node& node = *std::find_if(model.graph.nodes.begin(), model.graph.nodes.end(),
                             [](const Node& n) { return n.name == "model.1.conv"; });
  auto& conv = std::get<Conv2d>(node.op);
  conv.groups = 16;  // of its 16 inputs
  conv.weight.shape[1] = 1;
  conv.weight.values.resize(static_cast<size_t>(element_count(conv.weight.shape)));
  model.quantization.convs.at(node.name).weight.resize(conv.weight.values.size());
  const ExportListing l = listing(make_saved_model(model, kSize, Layout::kRaw));
  EXPECT_EQ(l.nodes.at("model.1.conv.conv").at("operator"), "DepthwiseConv2dNative");
  EXPECT_EQ(l.tensors.at("model.1.conv.weight").shape, (Shape{3, 3, 1, 32}));
  EXPECT_EQ(l.nodes.at("model.1.conv.weight.filter").at("operator"), "Reshape");
  const auto& shape = l.tensors.at("model.1.conv.weight.filter.shape");
  std::vector<int32_t> sides(4);
  std::memcpy(sides.data(), shape.bytes.data(), shape.bytes.size());
  EXPECT_EQ(sides, (std::vector<int32_t>{3, 3, 16, 2}));
}

TEST(TensorflowGraph, NamesAreThoseThatTensorflowAllows) {
  TensorflowGraph graph;
  EXPECT_EQ(graph.scalar("model.0/conv-1", 1), "model.0/conv-1");
  EXPECT_EQ(graph.scalar("/model/conv:0", 1), "model/conv_0");
  EXPECT_EQ(graph.scalar("_model/conv 0", 1), "model/conv_0_");
  EXPECT_EQ(graph.scalar("é", 1), "value");
  const ExportListing l = listing(graph.serialize());
  for (const char* name : {"model.0/conv-1", "/model/conv:0", "_model/conv 0", "é"})
    EXPECT_TRUE(l.tensors.contains(name)) << name;
}

TEST(SavedModelFolder, IsKnownByItsNameAndByItsFile) {
  const TemporaryFolder folder;
  const Model model = sample("yolov8n");
  const ExportFormat& format = export_format("saved_model");
  write_export(format, folder / "a_saved_model", model, {.size = kSize});
  EXPECT_TRUE(fs::is_regular_file(folder / "a_saved_model/saved_model.pb"));
  fs::rename(folder / "a_saved_model", folder / "b");
  for (const char* path : {"b", "b/", "b/saved_model.pb"}) {
    EXPECT_EQ(export_format_of(folder / path), &format) << path;
    EXPECT_FALSE(read_export(format, folder / path).main.empty()) << path;
    EXPECT_EQ(files_of_export(folder / path).at(0).filename(), "saved_model.pb") << path;
  }
  EXPECT_EQ(export_format_of(folder.path()), nullptr);
  write_export(format, folder / "b", model, {.size = {32, 32}});  // replaces it
  EXPECT_THAT(read_saved_model_metadata(read_file(folder / "b/saved_model.pb"), "b").at("octet"),
              HasSubstr("[32,32]"));
}

TEST(SavedModelFolder, OfAnotherProgramIsKept) {
  const TemporaryFolder folder;
  const Model model = sample("yolov8n");
  const ExportFormat& format = export_format("saved_model");
  make_folder(folder / "m_saved_model/variables");
  EXPECT_THAT(
      error_of([&] { write_export(format, folder / "m_saved_model", model, {.size = kSize}); }),
      HasSubstr("m_saved_model: holds variables, which octet did not write"));
  EXPECT_FALSE(fs::exists(folder / "m_saved_model/saved_model.pb"));
}

TEST(SavedModelFolder, OfStrangeFilesIsRefused) {
  const TemporaryFolder folder;
  const ExportFormat& format = export_format("saved_model");
  const auto message = [&](const std::string& name) {
    return error_of([&] { (void)read_export(format, folder / name); });
  };
  make_folder(folder / "empty_saved_model");
  EXPECT_THAT(message("empty_saved_model"), HasSubstr("saved_model.pb: no such file"));
  write_text_file(folder / "file_saved_model", "x");
  EXPECT_THAT(message("file_saved_model"), HasSubstr("file_saved_model"));
  make_folder(folder / "fifo_saved_model");
  ASSERT_EQ(::mkfifo((folder / "fifo_saved_model/saved_model.pb").c_str(), 0600), 0);
  EXPECT_THAT(message("fifo_saved_model"), HasSubstr("is not a regular file"));
  make_folder(folder / "deep_saved_model/saved_model.pb");
  EXPECT_THAT(message("deep_saved_model"), HasSubstr("is a folder"));
}

// ---- files from strangers

std::string error_of_both(const std::string& bytes) {
  const std::string listed = error_of([&] { (void)list_saved_model(as_bytes(bytes), "evil.pb"); });
  const std::string read =
      error_of([&] { (void)read_saved_model_metadata(as_bytes(bytes), "evil.pb"); });
  EXPECT_EQ(listed.empty(), read.empty()) << listed << read;
  return listed;
}

tf::SavedModel unpacked() {
  TensorflowGraph graph;
  graph.floats("w", {2}, {1, 2});
  graph.metadata("octet", "{}");
  tf::SavedModel model;
  EXPECT_TRUE(model.ParseFromString(graph.serialize()));
  return model;
}

TEST(HostileSavedModel, DamageIsRefused) {
  const std::string whole = unpacked().SerializeAsString();
  EXPECT_EQ(error_of_both(whole), "");
  for (const size_t bytes : {size_t{0}, size_t{1}, whole.size() / 2, whole.size() - 1})
    EXPECT_THAT(error_of_both(whole.substr(0, bytes)),
                HasSubstr("evil.pb: is not a SavedModel, or is cut short"));
  tf::SavedModel two = unpacked();
  two.add_meta_graphs();
  EXPECT_THAT(error_of_both(two.SerializeAsString()), HasSubstr("evil.pb: has 2 graphs"));
}

TEST(HostileSavedModel, ConstantsHaveNumbers) {
  tf::SavedModel model = unpacked();
  auto& node = *model.mutable_meta_graphs(0)->mutable_graph_def()->mutable_node(0);
  const tf::NodeDef sound = node;
  node.clear_attr();
  EXPECT_THAT(error_of_both(model.SerializeAsString()), HasSubstr("constant 'w' has no value"));
  node = sound;
  const float nan = std::numeric_limits<float>::quiet_NaN();
  auto& tensor = *node.mutable_attr(1)->mutable_value()->mutable_tensor();
  tensor.mutable_tensor_content()->replace(0, sizeof nan, reinterpret_cast<const char*>(&nan),
                                           sizeof nan);
  const std::string bytes = model.SerializeAsString();
  EXPECT_THAT(error_of([&] { (void)read_saved_model_metadata(as_bytes(bytes), "evil.pb"); }),
              HasSubstr("evil.pb: w: holds NaN"));
  tensor.clear_tensor_content();
  const std::string empty = model.SerializeAsString();
  EXPECT_THAT(error_of([&] { (void)list_saved_model(as_bytes(empty), "evil.pb"); }),
              HasSubstr("is not stored as raw bytes"));
}

// What 'verify' compares has every operator, and what TensorFlow would load beside the graph.
TEST(HostileSavedModel, NothingHidesInTheListing) {
  tf::SavedModel model = unpacked();
  auto& meta = *model.mutable_meta_graphs(0);
  auto& twin = *meta.mutable_graph_def()->add_node();
  twin.set_name("other");
  twin.mutable_experimental_debug_info()->add_original_node_names("w");
  const std::string bytes = model.SerializeAsString();
  EXPECT_THAT(error_of([&] { (void)list_saved_model(as_bytes(bytes), "evil.pb"); }),
              HasSubstr("evil.pb: has two operators of the name 'w'"));
  // An object graph, field 7, which TensorFlow 2 prefers to the signature.
  std::string with_objects =
      unpacked().meta_graphs(0).SerializeAsString() + std::string("\x3a\0", 2);
  tf::SavedModel other;
  ASSERT_TRUE(other.add_meta_graphs()->ParseFromString(with_objects));
  EXPECT_EQ(listing(other.SerializeAsString()).nodes.at("(graph)").at("other fields"), "1");
}

TEST(HostileSavedModel, SmallFilesDoNotTakeMuchMemory) {
  std::string graph;
  for (int i = 0; i < 4'000'000; ++i) graph += std::string("\x0a\0", 2);  // an empty node
  const auto delimited = [](char tag, const std::string& bytes) {
    std::string out(1, tag);
    for (size_t size = bytes.size();; size >>= 7) {
      out.push_back(static_cast<char>((size & 0x7F) | (size > 0x7F ? 0x80 : 0)));
      if (size <= 0x7F) return out + bytes;
    }
  };
  const std::string file = delimited('\x12', delimited('\x12', graph));
  EXPECT_THAT(error_of_both(file), HasSubstr("evil.pb" + kTooMuch));
}

}  // namespace
}  // namespace octet
