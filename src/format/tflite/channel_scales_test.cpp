#include "format/tflite/channel_scales.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "core/file.h"
#include "format/tflite/hybrid_sample.h"
#include "format/tflite/summary.h"
#include "testing/testing.h"

namespace octet {
namespace {

using testing::HasSubstr;

const tflite::QuantizationParameters& quantization_of_weights(const std::string& bytes) {
  return *tflite::GetModel(bytes.data())->subgraphs()->Get(0)->tensors()->Get(1)->quantization();
}

TEST(ChannelScales, AreRepeatedWhereTensorFlowLiteReadsOneForEach) {
  for (const bool depthwise : {true, false}) {
    const std::string mended =
        with_channel_scales(HybridSample{.depthwise = depthwise}.bytes(), "m");
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
  EXPECT_EQ(with_channel_scales(HybridSample{.depthwise = false, .input_channels = 1}.bytes(), "m"),
            "");
}

TEST(ChannelScales, OfAnotherNumberOrOfNoStoredWeightsAreRefused) {
  const auto said = [](const HybridSample& file) {
    const std::string bytes = file.bytes();
    return error_of([&] { (void)summarize_tflite(as_bytes(bytes), "m"); });
  };
  EXPECT_EQ(said({}), "");
  EXPECT_THAT(said({.scales = {}}), HasSubstr("2 channels and 0 scales"));
  EXPECT_THAT(said({.scales = {1, 1, 1}}), HasSubstr("3 scales"));
  EXPECT_THAT(said({.has_bias = false}), HasSubstr("has no bias"));
  EXPECT_EQ(said({.depthwise = false, .input_channels = 1, .has_bias = false}), "");
  EXPECT_THAT(said({.stored = false}), HasSubstr("neither floats nor stored int8"));
}

}  // namespace
}  // namespace octet
