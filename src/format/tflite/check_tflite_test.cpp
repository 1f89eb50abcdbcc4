#include "format/tflite/check_tflite.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <functional>
#include <limits>

#include "core/file.h"
#include "format/model_file.h"
#include "format/tflite/hybrid_sample.h"
#include "format/tflite/tflite.h"
#include "model/passes/passes.h"
#include "testing/testing.h"

namespace octet {
namespace {

using testing::HasSubstr;

const std::string& sample() {
  static const std::string bytes = [] {
    Model model = read_model_file(OCTET_SOURCE_DIR "/samples/yolov8n-int8.safetensors");
    return make_tflite(fold_batch_norm(std::move(model)), {64, 64}, Layout::kRaw);
  }();
  return bytes;
}

using Change = std::function<void(tflite::ModelT&)>;

// What is said of the sample after the change.
std::string said_of(const Change& change) {
  tflite::ModelT model;
  tflite::GetModel(sample().data())->UnPackTo(&model);
  change(model);
  flatbuffers::FlatBufferBuilder builder;
  builder.Finish(tflite::Model::Pack(builder, &model), tflite::ModelIdentifier());
  const std::string_view bytes(reinterpret_cast<const char*>(builder.GetBufferPointer()),
                               builder.GetSize());
  return error_of([&] { (void)summarize_tflite(as_bytes(bytes), "m.tflite"); });
}

tflite::SubGraphT& graph(tflite::ModelT& m) { return *m.subgraphs.at(0); }

tflite::OperatorT& first_conv(tflite::ModelT& m) {
  for (const auto& op : graph(m).operators) {
    if (op->builtin_options.AsConv2DOptions() != nullptr) return *op;
  }
  throw std::runtime_error("the sample has no convolution");
}
tflite::TensorT& weights(tflite::ModelT& m) {
  return *graph(m).tensors.at(static_cast<size_t>(first_conv(m).inputs.at(1)));
}

TEST(CheckTflite, TakesWhatOctetWrites) {
  EXPECT_EQ(said_of([](tflite::ModelT&) {}), "");
}

TEST(CheckTflite, RefusesIndicesOfNothing) {
  for (const int32_t index : {-2, 1 << 20, std::numeric_limits<int32_t>::max()}) {
    for (const Change& change : {Change([&](auto& m) { first_conv(m).inputs[1] = index; }),
                                 Change([&](auto& m) { first_conv(m).outputs[0] = index; }),
                                 Change([&](auto& m) { graph(m).inputs[0] = index; }),
                                 Change([&](auto& m) { graph(m).outputs[0] = index; })})
      EXPECT_THAT(said_of(change), HasSubstr("m.tflite: ")) << index;
  }
  EXPECT_THAT(said_of([](auto& m) { first_conv(m).opcode_index = 99999; }), HasSubstr("code"));
  EXPECT_THAT(said_of([](auto& m) { weights(m).buffer = 99999; }),
              HasSubstr("buffer 99999 does not exist"));
}

TEST(CheckTflite, RefusesOperatorsWithoutTheirInputs) {
  EXPECT_THAT(said_of([](auto& m) { first_conv(m).inputs.clear(); }), HasSubstr("0 inputs"));
  EXPECT_THAT(said_of([](auto& m) { first_conv(m).inputs[1] = -1; }), HasSubstr("before"));
  EXPECT_THAT(said_of([](auto& m) { first_conv(m).outputs.clear(); }), HasSubstr("makes nothing"));
  // The first operator reads what the last makes.
  EXPECT_THAT(said_of([](auto& m) {
                graph(m).operators.front()->inputs[0] = graph(m).operators.back()->outputs[0];
              }),
              HasSubstr("before anything makes it"));
  EXPECT_THAT(said_of([](auto& m) { graph(m).operators.pop_back(); }), HasSubstr("before"));
}

TEST(CheckTflite, RefusesShapesThatAreNotThoseOfTheirData) {
  EXPECT_THAT(said_of([](auto& m) { weights(m).shape[0] *= 2; }), HasSubstr("bytes"));
  EXPECT_THAT(said_of([](auto& m) { weights(m).shape[0] = -1; }), HasSubstr("side of -1"));
  EXPECT_NE(said_of([](auto& m) { weights(m).shape.clear(); }), "");
  EXPECT_THAT(
      said_of([](auto& m) { weights(m).shape.assign(4, std::numeric_limits<int32_t>::max()); }),
      HasSubstr("side"));
}

TEST(CheckTflite, RefusesQuantizationThatDoesNotFit) {
  EXPECT_NE(said_of([](auto& m) { weights(m).quantization->scale.pop_back(); }), "");
  EXPECT_NE(said_of([](auto& m) { weights(m).quantization->quantized_dimension = 7; }), "");
  EXPECT_NE(said_of([](auto& m) { weights(m).quantization.reset(); }), "");
  EXPECT_NE(said_of([](auto& m) {
              weights(m).quantization->scale[0] = std::numeric_limits<float>::quiet_NaN();
            }),
            "");
}

TEST(CheckTflite, RefusesWindowsOfNothing) {
  EXPECT_THAT(
      said_of([](auto& m) { first_conv(m).builtin_options.AsConv2DOptions()->stride_w = 0; }),
      HasSubstr("stride"));
  EXPECT_THAT(said_of([](auto& m) {
                first_conv(m).builtin_options.AsConv2DOptions()->dilation_h_factor = -1;
              }),
              HasSubstr("dilation"));
}

TEST(CheckTflite, ReadsConstantsBehindTheTables) {
  const std::string file = HybridSample{.behind = true}.bytes();
  EXPECT_EQ(summarize_tflite(as_bytes(file), "m").precision, "int8 weights, float arithmetic");
  EXPECT_EQ(list_tflite(as_bytes(file), "m").tensors.at("weights").bytes,
            std::vector<std::byte>(18, std::byte{3}));
  const std::string cut = file.substr(0, file.size() - 1);
  EXPECT_THAT(error_of([&] { (void)summarize_tflite(as_bytes(cut), "m.tflite"); }),
              HasSubstr("m.tflite: buffer 1 lies beyond the end of the file"));
  EXPECT_THAT(error_of([&] { (void)list_tflite(as_bytes(cut), "m"); }), HasSubstr("beyond"));
  EXPECT_THAT(said_of([](auto& m) {
                m.buffers.at(1)->offset = std::numeric_limits<uint64_t>::max();
                m.buffers.at(1)->size = 2;
              }),
              HasSubstr("beyond the end"));
}

TEST(CheckTflite, NetworksOfTheEdgeTpuAreKnown) {
  for (const bool compiled : {false, true}) {
    tflite::ModelT model;
    tflite::GetModel(sample().data())->UnPackTo(&model);
    if (compiled) {
      auto& code = *model.operator_codes.at(first_conv(model).opcode_index);
      code.builtin_code = tflite::BuiltinOperator_CUSTOM;
      code.deprecated_builtin_code = tflite::BuiltinOperator_CUSTOM;
      code.custom_code = "edgetpu-custom-op";
    }
    flatbuffers::FlatBufferBuilder builder;
    builder.Finish(tflite::Model::Pack(builder, &model), tflite::ModelIdentifier());
    const std::span bytes(builder.GetBufferPointer(), builder.GetSize());
    EXPECT_EQ(summarize_tflite(std::as_bytes(bytes), "m").edge_tpu, compiled);
  }
}

// XNNPACK of TensorFlow Lite 2.21 takes the zero point of the second for 0.
TEST(CheckTflite, ProductsThatXnnpackComputesWronglyAreKnown) {
  for (const int64_t zero : {0, -128}) {
    tflite::ModelT model;
    tflite::GetModel(HybridSample{}.bytes().data())->UnPackTo(&model);
    auto& code = *model.operator_codes.at(0);
    code.builtin_code = tflite::BuiltinOperator_BATCH_MATMUL;
    code.deprecated_builtin_code = tflite::BuiltinOperator_BATCH_MATMUL;
    graph(model).operators.at(0)->builtin_options.Reset();
    graph(model).tensors.at(1)->quantization->zero_point = {zero};
    flatbuffers::FlatBufferBuilder builder;
    builder.Finish(tflite::Model::Pack(builder, &model), tflite::ModelIdentifier());
    const std::span bytes(builder.GetBufferPointer(), builder.GetSize());
    EXPECT_EQ(summarize_tflite(std::as_bytes(bytes), "m").wrong_in_xnnpack, zero != 0);
  }
}

}  // namespace
}  // namespace octet
