#include "format/tflite/channel_scales.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "core/file.h"
#include "format/tflite/summary.h"
#include "testing/testing.h"
#include "tflite_generated.h"

namespace octet {
namespace {

using testing::HasSubstr;

std::unique_ptr<tflite::TensorT> tensor(std::string name, std::vector<int32_t> shape,
                                        tflite::TensorType type, uint32_t buffer) {
  auto t = std::make_unique<tflite::TensorT>();
  t->name = std::move(name);
  t->shape = std::move(shape);
  t->type = type;
  t->buffer = buffer;
  return t;
}

// A convolution in float over weights of 8 bits and one scale, as files of dynamic range have it.
struct Hybrid {
  bool depthwise = true;
  int32_t input_channels = 2;
  std::vector<float> scales{0.5F};
  bool stored = true;

  [[nodiscard]] std::string bytes() const {
    tflite::ModelT m;
    m.version = 3;
    m.buffers.push_back(std::make_unique<tflite::BufferT>());
    m.buffers.push_back(std::make_unique<tflite::BufferT>());
    if (stored) m.buffers[1]->data.assign(9 * 2, 3);
    auto code = std::make_unique<tflite::OperatorCodeT>();
    code->builtin_code =
        depthwise ? tflite::BuiltinOperator_DEPTHWISE_CONV_2D : tflite::BuiltinOperator_CONV_2D;
    code->deprecated_builtin_code = static_cast<int8_t>(code->builtin_code);
    m.operator_codes.push_back(std::move(code));
    auto graph = std::make_unique<tflite::SubGraphT>();
    graph->tensors.push_back(
        tensor("image", {1, 8, 8, input_channels}, tflite::TensorType_FLOAT32, 0));
    graph->tensors.push_back(tensor(
        "weights", depthwise ? std::vector<int32_t>{1, 3, 3, 2} : std::vector<int32_t>{2, 3, 3, 1},
        tflite::TensorType_INT8, 1));
    graph->tensors.push_back(tensor("out", {1, 8, 8, 2}, tflite::TensorType_FLOAT32, 0));
    graph->tensors[1]->quantization = std::make_unique<tflite::QuantizationParametersT>();
    graph->tensors[1]->quantization->scale = scales;
    graph->tensors[1]->quantization->zero_point.assign(scales.size(), 0);
    graph->inputs = {0};
    if (!stored) graph->inputs.push_back(1);
    graph->outputs = {2};
    auto op = std::make_unique<tflite::OperatorT>();
    op->inputs = {0, 1};
    op->outputs = {2};
    graph->operators.push_back(std::move(op));
    m.subgraphs.push_back(std::move(graph));
    flatbuffers::FlatBufferBuilder builder;
    builder.Finish(tflite::Model::Pack(builder, &m), tflite::ModelIdentifier());
    return {reinterpret_cast<const char*>(builder.GetBufferPointer()), builder.GetSize()};
  }
};

const tflite::QuantizationParameters& quantization_of_weights(const std::string& bytes) {
  return *tflite::GetModel(bytes.data())->subgraphs()->Get(0)->tensors()->Get(1)->quantization();
}

TEST(ChannelScales, AreRepeatedWhereTensorFlowLiteReadsOneForEach) {
  for (const bool depthwise : {true, false}) {
    const std::string mended = with_channel_scales(Hybrid{.depthwise = depthwise}.bytes(), "m");
    ASSERT_FALSE(mended.empty());
    EXPECT_EQ(summarize_tflite(as_bytes(mended), "m").precision, "int8 weights, float arithmetic");
    const auto& q = quantization_of_weights(mended);
    ASSERT_EQ(q.scale()->size(), 2U);
    EXPECT_EQ(q.scale()->Get(0), 0.5F);
    EXPECT_EQ(q.scale()->Get(1), 0.5F);
    ASSERT_EQ(q.zero_point()->size(), 2U);
    EXPECT_EQ(q.quantized_dimension(), depthwise ? 3 : 0);
  }
}

TEST(ChannelScales, AreLeftWhereTheyAreRight) {
  EXPECT_EQ(with_channel_scales(Hybrid{.depthwise = false, .input_channels = 1}.bytes(), "m"), "");
}

TEST(ChannelScales, OfAnotherNumberOrOfNoStoredWeightsAreRefused) {
  const auto said = [](const Hybrid& file) {
    const std::string bytes = file.bytes();
    return error_of([&] { (void)summarize_tflite(as_bytes(bytes), "m"); });
  };
  EXPECT_EQ(said({}), "");
  EXPECT_THAT(said({.scales = {}}), HasSubstr("2 channels and 0 scales"));
  EXPECT_THAT(said({.scales = {1, 1, 1}}), HasSubstr("3 scales"));
  EXPECT_THAT(said({.stored = false}), HasSubstr("neither floats nor stored int8"));
}

}  // namespace
}  // namespace octet
