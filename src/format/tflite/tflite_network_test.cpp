#include "format/tflite/tflite_network.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "core/error.h"
#include "core/file.h"
#include "format/tflite/tflite_graph.h"
#include "testing/testing.h"

namespace octet {
namespace {
using testing::HasSubstr;
using tflite::TensorType_FLOAT32;

constexpr int kVersion = 1;

// An image of 4 × 6 pixels with 3 channels, and what follows.
struct File {
  TfliteGraph graph;
  int image = graph.tensor("image", {1, 4, 6, 3}, TensorType_FLOAT32);

  File() { graph.input(image); }
  int floats(const std::string& name, const Shape& shape) {
    const std::vector<float> values(static_cast<size_t>(element_count(shape)), 0.5F);
    return graph.constant(name, shape, TensorType_FLOAT32, std::as_bytes(std::span(values)));
  }
  int real(const std::string& name, const std::vector<float>& values) {
    return graph.constant(name, {static_cast<int64_t>(values.size())}, TensorType_FLOAT32,
                          std::as_bytes(std::span(values)));
  }
  int number(const std::string& name, int32_t value) {
    return graph.constant(name, {}, tflite::TensorType_INT32, std::as_bytes(std::span(&value, 1)));
  }
  template <typename Options>
  int add(tflite::BuiltinOperator code, const std::string& name, const Shape& shape,
          const std::vector<int>& inputs, const Options& options) {
    const int out = graph.tensor(name, shape, TensorType_FLOAT32);
    graph.add(code, kVersion, inputs, out, options);
    return out;
  }
  // (1, H, W, C) with `axis` repeated, as Keras writes it.
  int repeat(const std::string& name, int x, size_t axis, Shape tall) {
    Shape between = graph.shape(x);
    Shape times(between.size() + 1, 1);
    between.insert(between.begin() + static_cast<std::ptrdiff_t>(axis) + 1, 1);
    times[axis + 1] = 2;
    const int apart = graph.tensor(name + ".apart", between, TensorType_FLOAT32);
    graph.add(tflite::BuiltinOperator_EXPAND_DIMS, kVersion,
              {x, number(name + ".axis", static_cast<int32_t>(axis) + 1)}, apart);
    between[axis + 1] = 2;
    const int tiled = graph.tensor(name + ".tiled", between, TensorType_FLOAT32);
    graph.add(tflite::BuiltinOperator_TILE, kVersion,
              {apart, graph.integers(name + ".times", times)}, tiled);
    const int out = graph.tensor(name, tall, TensorType_FLOAT32);
    graph.add(tflite::BuiltinOperator_RESHAPE, kVersion,
              {tiled, graph.integers(name + ".to", tall)}, out);
    return out;
  }
  [[nodiscard]] NetworkFile read(int output) {
    graph.output(output);
    const std::string bytes = graph.serialize();
    return read_tflite_network(as_bytes(bytes), "n.tflite", {});
  }
};

// The side of a list of sides, as one number.
int side_of(File& f, const std::string& name, int shape, int64_t at) {
  tflite::StridedSliceOptionsT options;
  options.shrink_axis_mask = 1;
  return f.add(tflite::BuiltinOperator_STRIDED_SLICE, name, {},
               {shape, f.graph.integers(name + ".begin", {at}),
                f.graph.integers(name + ".end", {at + 1}), f.graph.integers(name + ".step", {1})},
               options);
}

TEST(TfliteNetwork, ReadsTheSizeThatKerasComputesForATransposedConvolution) {
  File f;
  const int shape = f.graph.tensor("shape", {4}, tflite::TensorType_INT32);
  f.graph.add(tflite::BuiltinOperator_SHAPE, kVersion, {f.image}, shape);
  const int batch = side_of(f, "batch", shape, 0);
  tflite::MulOptionsT twice;
  const int rows = f.add(tflite::BuiltinOperator_MUL, "rows", {},
                         {side_of(f, "row", shape, 1), f.number("two", 2)}, twice);
  tflite::PackOptionsT pack;
  pack.values_count = 4;
  const int size = f.add(tflite::BuiltinOperator_PACK, "size", {4},
                         {batch, rows, f.number("columns", 12), f.number("channels", 5)}, pack);
  tflite::TransposeConvOptionsT options;
  options.stride_w = options.stride_h = 2;
  const int out = f.add(tflite::BuiltinOperator_TRANSPOSE_CONV, "out", {1, 8, 12, 5},
                        {size, f.floats("w", {5, 4, 4, 3}), f.image}, options);
  const NetworkFile read = f.read(out);
  ASSERT_EQ(read.outputs.size(), 1U);
  EXPECT_EQ(read.outputs[0].value.shape, (Shape{1, 8, 12, 5}));
  EXPECT_EQ(std::get<TransposedConv2d>(read.graph.nodes.back().op).padding, Padding(1));
}

TEST(TfliteNetwork, ReadsRepeatedRowsAndColumnsAsAnEnlargedImage) {
  File f;
  const int tall = f.repeat("tall", f.image, 1, {1, 8, 6, 3});
  const NetworkFile read = f.read(f.repeat("wide", tall, 2, {1, 8, 12, 3}));
  EXPECT_EQ(read.outputs.at(0).value.shape, (Shape{1, 8, 12, 3}));
  EXPECT_EQ(std::get<ResizeNearest>(read.graph.nodes.back().op).factor, 2);
}

TEST(TfliteNetwork, RefusesRowsThatAreRepeatedAlone) {
  File f;
  const int tall = f.repeat("tall", f.image, 1, {1, 8, 6, 3});
  EXPECT_THAT(error_of([&] { (void)f.read(tall); }),
              HasSubstr("output 'tall': reads (1, 8, 6, 3), which repeats (1, 4, 6, 3)"));
}

// image + what the file computes of constants: the shift of each channel.
std::vector<float> shift_of(File& f, int constant) {
  tflite::AddOptionsT plain;
  const NetworkFile read =
      f.read(f.add(tflite::BuiltinOperator_ADD, "sum", {1, 4, 6, 3}, {f.image, constant}, plain));
  return std::get<Conv2d>(read.graph.nodes.back().op).bias.values;
}

TEST(TfliteNetwork, FoldsConstantsWithTheActivationThatTheFileIncludes) {
  const auto fused = [](auto options, tflite::ActivationFunction activation) {
    options.fused_activation_function = activation;
    return options;
  };
  {
    File f;
    const int sum =
        f.add(tflite::BuiltinOperator_ADD, "c", {3}, {f.real("a", {-2, 1, 9}), f.real("b", {1})},
              fused(tflite::AddOptionsT(), tflite::ActivationFunction_RELU6));
    EXPECT_EQ(shift_of(f, sum), (std::vector<float>{0, 2, 6}));
  }
  {
    File f;
    const int product =
        f.add(tflite::BuiltinOperator_MUL, "c", {3}, {f.real("a", {-2, 1, 9}), f.real("b", {2})},
              fused(tflite::MulOptionsT(), tflite::ActivationFunction_RELU_N1_TO_1));
    EXPECT_EQ(shift_of(f, product), (std::vector<float>{-1, 1, 1}));
  }
  {
    File f;
    const int joined = f.add(
        tflite::BuiltinOperator_CONCATENATION, "c", {3}, {f.real("a", {-2, 1}), f.real("b", {9})},
        fused(tflite::ConcatenationOptionsT(), tflite::ActivationFunction_RELU));
    EXPECT_EQ(shift_of(f, joined), (std::vector<float>{0, 1, 9}));
  }
  File f;
  const int difference =
      f.add(tflite::BuiltinOperator_SUB, "c", {3}, {f.real("a", {-2, 1, 9}), f.real("b", {1})},
            fused(tflite::SubOptionsT(), tflite::ActivationFunction(4)));  // TANH
  EXPECT_THAT(error_of([&] { (void)shift_of(f, difference); }), HasSubstr("SUB 'c': includes"));
}

TEST(TfliteNetwork, CastsConstantsAsTheFileSays) {
  File f;
  const int whole = f.graph.tensor("i", {3}, tflite::TensorType_INT32);
  f.graph.add(tflite::BuiltinOperator_CAST, kVersion, {f.real("a", {-2.7F, 0.5F, 3})}, whole,
              tflite::CastOptionsT());
  const int real = f.add(tflite::BuiltinOperator_CAST, "r", {3}, {whole}, tflite::CastOptionsT());
  EXPECT_EQ(shift_of(f, real), (std::vector<float>{-2, 0, 3}));
  File bytes;
  const int small = bytes.graph.tensor("i", {3}, tflite::TensorType_UINT8);
  bytes.graph.add(tflite::BuiltinOperator_CAST, kVersion, {bytes.real("a", {-2, 0, 3})}, small,
                  tflite::CastOptionsT());
  EXPECT_THAT(error_of([&] { (void)shift_of(bytes, small); }),
              HasSubstr("CAST 'i': makes constants of the type"));
}

// Channels in parts of these sizes.
NetworkFile split(const std::vector<int64_t>& sizes) {
  File f;
  const int first = f.graph.tensor("first", {1, 4, 6, 1}, TensorType_FLOAT32);
  const int second = f.graph.tensor("second", {1, 4, 6, 2}, TensorType_FLOAT32);
  f.graph
      .add(tflite::BuiltinOperator_SPLIT_V, kVersion,
           {f.image, f.graph.integers("sizes", sizes), f.number("axis", 3)}, first)
      ->outputs.push_back(second);
  return f.read(second);
}

TEST(TfliteNetwork, SplitsOffTheRestOfTheChannels) {
  for (const std::vector<int64_t>& sizes : {std::vector<int64_t>{1, -1}, {1, 2}}) {
    const NetworkFile read = split(sizes);
    EXPECT_EQ(read.outputs.at(0).value.shape, (Shape{1, 4, 6, 2}));
    EXPECT_EQ(std::get<Slice>(read.graph.nodes.back().op).begin, 1);
  }
  for (const std::vector<int64_t>& sizes : {std::vector<int64_t>{1, 1}, {2, 2}, {-1, -1}, {4, -1}})
    EXPECT_THAT(error_of([&] { (void)split(sizes); }),
                HasSubstr("SPLIT_V 'first': splits 3 elements into parts of ("));
}

TEST(TfliteNetwork, NamesOperatorsThatItDoesNotHave) {
  File f;
  const int out = f.graph.tensor("out", {1, 4, 6, 3}, TensorType_FLOAT32);
  f.graph.add(tflite::BuiltinOperator_ELU, kVersion, {f.image}, out);
  EXPECT_THAT(error_of([&] { (void)f.read(out); }),
              HasSubstr("ELU 'out': octet has no such operator"));
}

TEST(TfliteNetwork, KeepsTheAxesOfADenseLayerOnlyWhereTheFileSaysSo) {
  for (const bool keeps : {false, true}) {
    File f;
    tflite::FullyConnectedOptionsT options;
    options.keep_num_dims = keeps;
    const NetworkFile read = f.read(f.add(tflite::BuiltinOperator_FULLY_CONNECTED, "out", {24, 5},
                                          {f.image, f.floats("w", {5, 3})}, options));
    EXPECT_EQ(read.outputs.at(0).value.shape, keeps ? (Shape{1, 4, 6, 5}) : (Shape{24, 5}));
  }
}

}  // namespace
}  // namespace octet
