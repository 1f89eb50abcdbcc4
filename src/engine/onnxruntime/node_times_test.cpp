#include "engine/onnxruntime/node_times.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cstdlib>
#include <filesystem>

#include "testing/testing.h"

namespace octet {
namespace {

using testing::HasSubstr;

// Two inferences of two nodes, as ONNX Runtime writes them.
constexpr const char* kProfile = R"([
{"cat":"Session","name":"model_run","dur":400,"ts":1,"args":{}},
{"cat":"Node","name":"model.0.conv_token_7_kernel_time","dur":100,"ts":2,"args":{"op_name":"QLinearConv",
 "provider":"CPUExecutionProvider","input_type_shape":[{"uint8":[1,3,64,32]},{"float":[]}],"output_type_shape":[{"uint8":[1,16,32,16]}]}},
{"cat":"Node","name":"model.9.concat_kernel_time","dur":7,"ts":3,"args":{"op_name":"Concat",
 "provider":"CPUExecutionProvider","input_type_shape":[{"float":[1,2,4,4]}],
 "output_type_shape":[{"float":[1,4,4,4]}]}},
{"cat":"Node","name":"model.0.conv_fence_before","dur":900,"ts":4,"args":{"op_name":"QLinearConv"}},
{"cat":"Node","name":"model.0.conv_token_7_kernel_time","dur":300,"ts":5,"args":{"op_name":"QLinearConv"}},
{"cat":"Node","name":"model.9.concat_kernel_time","dur":9,"ts":6,"args":{"op_name":"Concat"}}
])";

TEST(NodeTimes, AreMeansOverTheInferences) {
  const auto layers = parse_node_times(kProfile, {{"model.0", 1}, {"model.0.conv", 27}, {"", 5}});
  ASSERT_EQ(layers.size(), 2U);
  EXPECT_EQ(layers[0].name, "model.0.conv_token_7");
  EXPECT_EQ(layers[0].operators, std::vector<std::string>{"model.0.conv"});
  EXPECT_EQ(layers[0].type, "QLinearConv");
  EXPECT_EQ(layers[0].precision, "int8");
  EXPECT_DOUBLE_EQ(layers[0].seconds, 200.5e-6) << "whole microseconds are cut";
  EXPECT_DOUBLE_EQ(layers[0].multiplications, 16.0 * 32 * 16 * 27);
  EXPECT_EQ(layers[1].name, "model.9.concat");
  EXPECT_EQ(layers[1].precision, "fp32");
  EXPECT_DOUBLE_EQ(layers[1].seconds, 8.5e-6);
  EXPECT_EQ(layers[1].multiplications, 0);
}

TEST(NodeTimes, LeaveOutTheColdInferences) {
  std::string text = "[";
  for (const int us : {900, 800, 700, 20, 40})
    text += R"({"cat":"Node","name":"a_kernel_time","args":{},"dur":)" + std::to_string(us) + "},";
  text.back() = ']';
  const auto layers = parse_node_times(text, {});
  ASSERT_EQ(layers.size(), 1U);
  EXPECT_DOUBLE_EQ(layers[0].seconds, 30.5e-6);
}

TEST(NodeTimes, NodesOfOneNameAreTwoLayers) {
  const auto event = [](const char* index, int us) {
    return std::string(R"({"cat":"Node","name":"a_kernel_time","args":{"node_index":)") + index +
           R"(},"dur":)" + std::to_string(us) + "}";
  };
  const auto layers = parse_node_times("[" + event("\"3\"", 10) + "," + event("\"8\"", 30) + "," +
                                           event("\"3\"", 20) + "," + event("\"8\"", 50) + "]",
                                       {});
  ASSERT_EQ(layers.size(), 2U);
  EXPECT_EQ(layers[0].name, layers[1].name);
  EXPECT_DOUBLE_EQ(layers[0].seconds, 15.5e-6);
  EXPECT_DOUBLE_EQ(layers[1].seconds, 40.5e-6);
}

TEST(NodeTimes, QuantizedOperatorsMayBeginWithAScale) {
  const auto layers = parse_node_times(
      R"([{"cat":"Node","name":"a_kernel_time","dur":1,"args":{"op_name":"QLinearConcat",
          "input_type_shape":[{"float":[]},{"uint8":[]},{"uint8":[1,2,4,4]}]}}])",
      {});
  ASSERT_EQ(layers.size(), 1U);
  EXPECT_EQ(layers[0].precision, "int8");
}

TEST(NodeTimes, RefusesWhatIsNoProfile) {
  for (const char* text :
       {"", "{}", "[{\"cat\":\"Node\"", "7", R"([{"cat":"Node","name":"a"b_kernel_time"}])",
        R"([{"cat":"Node","name":["a"]}])",
        R"([{"cat":"Node","name":"a_kernel_time","args":[7]}])"})
    EXPECT_THAT(error_of([&] { (void)parse_node_times(text, {}); }), HasSubstr("damaged")) << text;
  EXPECT_TRUE(parse_node_times("[]", {}).empty());
  EXPECT_TRUE(parse_node_times(R"([7, {"cat":"Node","name":"x"}])", {}).empty());
}

TEST(NodeTimes, NeedAFolderThatExists) {
  const char* old = ::getenv("TMPDIR");
  const std::string kept = old == nullptr ? "" : old;
  ::setenv("TMPDIR", "/no/such/folder", 1);
  EXPECT_THAT(error_of([] { const ProfileFolder profile; }), HasSubstr("set TMPDIR"));
  old == nullptr ? ::unsetenv("TMPDIR") : ::setenv("TMPDIR", kept.c_str(), 1);
}

TEST(NodeTimes, TheFolderDisappears) {
  std::filesystem::path folder;
  {
    const ProfileFolder profile;
    folder = std::filesystem::path(profile.prefix()).parent_path();
    EXPECT_TRUE(std::filesystem::is_directory(folder));
  }
  EXPECT_FALSE(std::filesystem::exists(folder));
}

}  // namespace
}  // namespace octet
