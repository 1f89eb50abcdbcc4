#include "engine/tflite/operator_times.h"

#include <gtest/gtest.h>

#include <thread>

#include "engine/cold_inferences.h"

namespace octet {
namespace {

TfliteOperator op(const char* code, const char* output, double multiplications = 0) {
  return {.code = code, .output = output, .type = "i8", .multiplications = multiplications};
}

// XNNPACK's operators in one part.
std::vector<OperatorTime> part(const std::vector<const char*>& names) {
  std::vector<OperatorTime> times;
  for (const char* name : names)
    times.push_back({.name = name,
                     .delegated = true,
                     .index = static_cast<int64_t>(times.size()),
                     .seconds = 1});
  return times;
}

std::vector<std::string> names_of(const std::vector<LayerTime>& layers) {
  std::vector<std::string> names;
  for (const LayerTime& layer : layers) names.push_back(layer.name);
  return names;
}

TEST(OperatorTimes, AreMeansAndAgreeWithTheClock) {
  OperatorTimes times;
  TfLiteTelemetryProfiler* p = times.profiler();
  for (int i = 0; i < 2; ++i) {
    times.begin_inference();
    const uint32_t handle = p->begin(p, "CAST", 0, 0);
    std::this_thread::sleep_for(std::chrono::milliseconds(5));
    p->end(p, handle);
    p->done(p, "Sigmoid (NC)", 100 + 100 * static_cast<uint64_t>(i), 0, 0);
  }
  const auto mean = times.mean();
  ASSERT_EQ(mean.size(), 2U);
  EXPECT_EQ(mean[0].name, "CAST");
  EXPECT_FALSE(mean[0].delegated);
  EXPECT_GE(mean[0].seconds, 0.005);
  EXPECT_TRUE(mean[1].delegated);
  EXPECT_DOUBLE_EQ(mean[1].seconds, 150.5e-6) << "whole microseconds are cut";
}

TEST(OperatorTimes, LeaveOutTheColdInferences) {
  OperatorTimes times;
  EXPECT_TRUE(times.mean().empty());
  TfLiteTelemetryProfiler* p = times.profiler();
  for (int i = 0; i < kColdInferences + 2; ++i) {
    times.begin_inference();
    p->done(p, "Sigmoid (NC)", i < kColdInferences ? 9000 : 100, 0, 0);
    if (i < kColdInferences) std::this_thread::sleep_for(std::chrono::milliseconds(100));
    times.end_inference();
  }
  ASSERT_EQ(times.mean().size(), 1U);
  EXPECT_DOUBLE_EQ(times.mean()[0].seconds, 100.5e-6);
  EXPECT_LT(times.mean_inference(), 0.1 * kColdInferences / (kColdInferences + 2));
}

TEST(OperatorTimes, ADelegateThatTellsNothingHasTheRest) {
  std::vector<LayerTime> layers{{.name = "a", .operators = {}, .type = {}, .seconds = 2}};
  add_delegate("libx.so", 5, layers);
  ASSERT_EQ(names_of(layers), (std::vector<std::string>{"a", "delegate"}));
  EXPECT_EQ(layers[1].seconds, 3);
  EXPECT_EQ(layers[1].kernel, "libx.so");
  add_delegate("libx.so", 5, layers);
  EXPECT_EQ(layers.size(), 2U) << "there is no rest";
}

TEST(OperatorTimes, LayersHaveTheNamesOfTheFile) {
  TfliteSummary file{.operators = {op("PAD", "a.padded"), op("CONV_2D", "a", 1000),
                                   op("LOGISTIC", "b.sigmoid"), op("MUL", "b"),
                                   op("CONV_2D", "c", 500), op("CONCATENATION", "d"),
                                   op("RESHAPE", "e"), op("CONV_2D", "f", 200)}};
  file.operators[5].inputs = 2;
  // The padding became a part of the convolution, and the concatenation two copies.
  const auto layers =
      name_layers(part({"Convolution (NHWC, QC8) IGEMM", "Sigmoid (NC)", "Multiply (ND)",
                        "Fully Connected (NC, QS8, QC8W) GEMM", "Copy (NC, X8)", "Copy (NC, X8)",
                        "Static Reshape (NC)", "Convolution (NHWC, QC8) IGEMM"}),
                  file, true);
  EXPECT_EQ(names_of(layers),
            (std::vector<std::string>{"a", "b.sigmoid", "b", "c", "d", "e", "f"}));
  EXPECT_EQ(layers[0].multiplications, 1000);
  EXPECT_EQ(layers[0].precision, "int8");
  EXPECT_EQ(layers[0].kernel, "Convolution (NHWC, QC8) IGEMM");
  EXPECT_EQ(layers[4].seconds, 2) << "both copies";
  EXPECT_EQ(layers[6].multiplications, 200);
}

TEST(OperatorTimes, WhatXnnpackLeavesSaysSo) {
  TfliteSummary file{.operators = {op("CAST", "x"), op("CONV_2D", "a", 10)}};
  std::vector<OperatorTime> times{{.name = "CAST", .seconds = 3}};
  times.push_back({.name = "Convolution (NHWC, QC8)", .delegated = true, .seconds = 1});
  auto layers = name_layers(times, file, true);
  ASSERT_EQ(names_of(layers), (std::vector<std::string>{"x", "a"}));
  EXPECT_EQ(layers[0].fallback, "XNNPACK does not take this CAST of i8");
  EXPECT_EQ(layers[1].fallback, "");
  layers = name_layers({{.name = "CAST", .seconds = 3}}, file, false);
  EXPECT_EQ(layers[0].fallback, "") << "it was not asked to";
}

TEST(OperatorTimes, WhatCannotBeToldApartHasNoName) {
  const TfliteSummary file{.operators = {op("CONV_2D", "a"), op("CONV_2D", "b")}};
  std::vector<OperatorTime> two_parts = part({"Convolution"});
  two_parts.push_back(two_parts[0]);
  for (const LayerTime& layer : name_layers(two_parts, file, true)) {
    EXPECT_TRUE(layer.operators.empty());
    EXPECT_EQ(layer.seconds, 1);
  }
  const auto unknown =
      name_layers(part({"Convolution", "Something (NC)", "Convolution"}), file, true);
  EXPECT_EQ(names_of(unknown), (std::vector<std::string>{"a", "Something (NC)", "b"}));
  EXPECT_EQ(unknown[1].type, "Something");
}

}  // namespace
}  // namespace octet
