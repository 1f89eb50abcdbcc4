// ONNX files that claim what they are not, through the whole way from a file to boxes.
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <onnx/onnx_pb.h>

#include <chrono>
#include <cstdlib>
#include <vector>

#include "core/file.h"
#include "detect/detector.h"
#include "engine/registry.h"
#include "format/registry.h"
#include "testing/testing.h"

namespace octet {
namespace {

using testing::HasSubstr;

namespace fs = std::filesystem;

constexpr int kSide = 64, kWindow = 8, kRows = 7, kCells = 64;

void set_shape(onnx::ValueInfoProto& value, const std::string& name, const Shape& shape) {
  value.set_name(name);
  auto& tensor = *value.mutable_type()->mutable_tensor_type();
  tensor.set_elem_type(onnx::TensorProto::FLOAT);
  for (const int64_t side : shape) tensor.mutable_shape()->add_dim()->set_dim_value(side);
}

onnx::NodeProto& add_node(onnx::GraphProto& graph, const char* type,
                          const std::vector<std::string>& inputs, const std::string& output) {
  onnx::NodeProto& node = *graph.add_node();
  node.set_op_type(type);
  for (const std::string& input : inputs) node.add_input(input);
  node.add_output(output);
  return node;
}

void add_numbers(onnx::GraphProto& graph, const std::string& name, const Shape& values) {
  onnx::TensorProto& tensor = *graph.add_initializer();
  tensor.set_name(name);
  tensor.set_data_type(onnx::TensorProto::INT64);
  tensor.add_dims(static_cast<int64_t>(values.size()));
  for (const int64_t value : values) tensor.add_int64_data(value);
}

void add_number(onnx::GraphProto& graph, const std::string& name, float value) {
  onnx::TensorProto& tensor = *graph.add_initializer();
  tensor.set_name(name);
  tensor.set_data_type(onnx::TensorProto::FLOAT);
  tensor.add_float_data(value);
}

// As Ultralytics exports, with three classes: one convolution, and its cells as columns.
onnx::ModelProto small_model(int64_t rows = kRows) {
  onnx::ModelProto model;
  model.set_ir_version(8);
  model.add_opset_import()->set_version(13);
  for (const auto& [key, value] : {std::pair{"task", "detect"},
                                   {"names", "{0: a, 1: b, 2: c}"},
                                   {"stride", "32"},
                                   {"imgsz", "[64, 64]"}}) {
    auto& entry = *model.add_metadata_props();
    entry.set_key(key);
    entry.set_value(value);
  }
  onnx::GraphProto& graph = *model.mutable_graph();
  graph.set_name("g");
  set_shape(*graph.add_input(), "images", {1, 3, kSide, kSide});
  set_shape(*graph.add_output(), "output0", {1, rows, kCells});
  onnx::TensorProto& weights = *graph.add_initializer();
  weights.set_name("w");
  weights.set_data_type(onnx::TensorProto::FLOAT);
  for (const int64_t side : {rows, int64_t{3}, int64_t{kWindow}, int64_t{kWindow}})
    weights.add_dims(side);
  for (int64_t i = 0; i < rows * 3 * kWindow * kWindow; ++i) weights.add_float_data(0.01F);
  add_numbers(graph, "columns", {1, rows, -1});
  auto& strides = *add_node(graph, "Conv", {"images", "w"}, "c").add_attribute();
  strides.set_name("strides");
  strides.set_type(onnx::AttributeProto::INTS);
  for (int i = 0; i < 2; ++i) strides.add_ints(kWindow);
  add_node(graph, "Reshape", {"c", "columns"}, "output0");
  return model;
}

class HostileModel : public ::testing::TestWithParam<const char*> {
 protected:
  HostileModel() {
    ::unsetenv("STATE_DIRECTORY");
    ::setenv("XDG_STATE_HOME", folder_.path().c_str(), 1);
  }
  // Of loading it and looking at a grey picture.
  std::string message(const onnx::ModelProto& model) const {
    const fs::path file = folder_ / "m.onnx";
    write_text_file(file, model.SerializeAsString());
    return error_of([&] {
      Detector detector({.model = file, .engine = GetParam()});
      const std::vector<uint8_t> grey(size_t{kSide} * kSide * 3, 128);
      const auto job = detector.make_job();
      Detections found;
      job->submit(RgbView{.data = grey.data(), .stride_bytes = kSide * 3, .size = {kSide, kSide}});
      job->finish({}, found);
    });
  }
  TemporaryFolder folder_;
};

TEST_P(HostileModel, TakesASoundOne) { EXPECT_EQ(message(small_model()), ""); }

// Also without the trial: the engine itself must not end the program.
TEST_P(HostileModel, InputsOfNoSizeAreRefused) {
  for (const Shape& shape :
       {Shape{0, 3, 64, 64}, Shape{1, 3, 0, 0}, Shape{4, 3, 64, 64}, Shape{1, 1, 64, 64},
        Shape{1, 1, 3, 64, 64}, Shape{1, 3, int64_t{1} << 40, 64}, Shape{}}) {
    onnx::ModelProto model = small_model();
    model.mutable_graph()->mutable_input(0)->clear_type();
    set_shape(*model.mutable_graph()->mutable_input(0), "images", shape);
    EXPECT_THAT(message(model), HasSubstr("m.onnx")) << testing::PrintToString(shape);
    if (element_count(shape) > 1 << 20) continue;  // more memory than a test should ask for
    const std::string content = model.SerializeAsString();
    const auto engine = load_engine(GetParam());
    EXPECT_NE(error_of([&] {
                (void)engine->compile({.name = "m.onnx", .content = content}, {kSide, kSide}, {});
              }),
              "")
        << testing::PrintToString(shape);
  }
}

// The network computes so many columns as the run itself says, 8; its file says 64.
TEST_P(HostileModel, WhatItClaimsOfItsOutputsIsCompared) {
  EXPECT_THAT(message(small_model(6)), HasSubstr("(1, 6, 64) are not the (1, 7, cells)"));
  onnx::ModelProto model = small_model();
  onnx::GraphProto& graph = *model.mutable_graph();
  graph.mutable_node(1)->set_output(0, "all");
  add_number(graph, "zero", 0);
  add_number(graph, "eight", 8);
  add_numbers(graph, "one", {1});
  add_node(graph, "ReduceMax", {"images"}, "most");
  add_node(graph, "Mul", {"most", "zero"}, "nothing");
  add_node(graph, "Add", {"nothing", "eight"}, "real");
  onnx::AttributeProto& type = *add_node(graph, "Cast", {"real"}, "whole").add_attribute();
  type.set_name("to");
  type.set_type(onnx::AttributeProto::INT);
  type.set_i(onnx::TensorProto::INT64);
  add_node(graph, "Reshape", {"whole", "one"}, "count");
  add_node(graph, "TopK", {"all", "count"}, "output0").add_output("where");
  EXPECT_NE(message(model), "");
}

// A constant of 64 GB, in a file of a few kilobytes.
TEST_P(HostileModel, ATrialTakesNoMoreMemoryThanItMay) {
#ifdef OCTET_SANITIZED
  GTEST_SKIP() << "sanitizers take memory of their own";
#endif
  onnx::ModelProto model = small_model();
  onnx::GraphProto& graph = *model.mutable_graph();
  add_numbers(graph, "sides", {1 << 17, 1 << 17});
  add_node(graph, "ConstantOfShape", {"sides"}, "zeros");
  add_node(graph, "ReduceMean", {"zeros"}, "mean");
  set_shape(*graph.add_output(), "mean", {1, 1});
  const auto began = std::chrono::steady_clock::now();
  EXPECT_THAT(message(model), HasSubstr("m.onnx"));
  EXPECT_LT(std::chrono::steady_clock::now() - began, std::chrono::seconds(60));
  EXPECT_FALSE(fs::exists(folder_ / "octet/trials")) << "it is not remembered";
}

INSTANTIATE_TEST_SUITE_P(Engines, HostileModel, ::testing::Values("openvino", "onnxruntime"),
                         [](const auto& engine) { return std::string(engine.param); });

}  // namespace
}  // namespace octet
