// Networks of other programs: each file runs in its own engine, and as octet imports it in every
// format and engine. The outputs have to be the same.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <functional>
#include <limits>
#include <nlohmann/json.hpp>

#include "core/error.h"
#include "core/file.h"
#include "engine/registry.h"
#include "format/import_network.h"
#include "format/model_file.h"
#include "format/registry.h"
#include "graph/json/graph_json.h"
#include "model/passes/passes.h"
#include "testing/testing.h"
#include "tools/engines.h"
#include "tools/onnx_network.h"

namespace octet {
namespace {
namespace fs = std::filesystem;

using Outputs = std::map<std::string, std::vector<float>>;

// Engines feed a file of floats with fractions of 255.
const ImportOptions kFractions{.size = {}, .values = {{0}, {255}}};

// In parts of the range of the expected values, which has one at least where they are alike.
double largest_difference(const std::vector<float>& expected, const std::vector<float>& found) {
  if (expected.size() != found.size() || expected.empty()) return 1e9;
  const auto [low, high] = std::minmax_element(expected.begin(), expected.end());
  double most = 0;
  for (size_t i = 0; i < expected.size(); ++i)
    most = std::max(most, std::abs(1.0 * expected[i] - found[i]));
  constexpr double kLeastRange = 1e-3;
  return most / std::max({kLeastRange, 1.0 * *high - *low, 1.0 * std::abs(*high)});
}

struct Case {
  const char* name;
  int64_t opset;
  std::function<std::string(OnnxNetwork&)> build;  // from "a" and "b" (1, 8, 16, 32)
  double limit = 1e-5;
};

using A = OnnxNetwork::Attributes;
using N = OnnxNetwork::Numbers;

std::string resize(OnnxNetwork& n, const char* mode, const char* grid, const char* rounding) {
  return n.node(
      "Resize", "y", {"a", "", n.floats("scales", {4}, {1, 1, 2, 2})},
      A{{"mode", mode}, {"coordinate_transformation_mode", grid}, {"nearest_mode", rounding}});
}

std::string batch_norm(OnnxNetwork& n, const std::string& x) {
  return n.node("BatchNormalization", "y",
                {x, n.noise("gamma", {8}, 0.2, 1), n.noise("beta", {8}), n.noise("mean", {8}),
                 n.floats("variance", {8}, {1, 2, 1, 0.5F, 1, 3, 1, 1})});
}

const std::vector<Case>& convolutions() {
  static const std::vector<Case> list{
      {"ConvUnequalPads", 13,
       [](OnnxNetwork& n) {
         return n.conv("y", "a", {4, 8, 3, 3}, {{"pads", N{0, 0, 1, 1}}, {"strides", N{2, 2}}});
       }},
      {"ConvMoreUnequalPads", 13,
       [](OnnxNetwork& n) {
         return n.conv("y", "a", {4, 8, 5, 3}, {{"pads", N{2, 0, 1, 1}}});
       }},
      {"ConvSameUpper", 13,
       [](OnnxNetwork& n) {
         return n.conv("y", "a", {4, 8, 3, 3}, {{"auto_pad", "SAME_UPPER"}, {"strides", N{2, 2}}});
       }},
      {"ConvDilated", 13,
       [](OnnxNetwork& n) {
         return n.conv("y", "a", {4, 8, 3, 3}, {{"pads", N{2, 2, 2, 2}}, {"dilations", N{2, 2}}});
       }},
      {"ConvDepthwiseDilated", 13,
       [](OnnxNetwork& n) {
         return n.conv("y", "a", {8, 1, 3, 3},
                       {{"pads", N{3, 3, 3, 3}}, {"dilations", N{3, 3}}, {"group", 8}});
       }},
      {"PadBeforeConv", 13,
       [](OnnxNetwork& n) {
         n.node("Pad", "p", {"a", n.integers("pads", {0, 0, 1, 0, 0, 0, 1, 2})});
         return n.conv("y", "p", {4, 8, 3, 3});
       }},
      {"BatchNormAfterConv", 9,
       [](OnnxNetwork& n) {
         return batch_norm(n, n.conv("c", "a", {8, 8, 3, 3}, {{"pads", N{1, 1, 1, 1}}}));
       }},
      {"BatchNormAfterRelu", 15,
       [](OnnxNetwork& n) {
         batch_norm(n, n.node("Relu", "r", {"a"}));
         return n.conv("z", "y", {8, 8, 3, 3}, {{"pads", N{1, 1, 1, 1}}});
       }},
      {"TransposedConv", 13,
       [](OnnxNetwork& n) {
         return n.node("ConvTranspose", "y",
                       {"a", n.noise("w", {8, 5, 4, 4}, 0.2), n.noise("c", {5})},
                       {{"strides", N{2, 2}}, {"pads", N{1, 1, 1, 1}}});
       }},
      {"TransposedConvOdd", 13,
       [](OnnxNetwork& n) {
         n.node("ConvTranspose", "t", {"a", n.noise("w", {8, 8, 3, 3}, 0.2)},
                {{"strides", N{2, 2}}, {"pads", N{1, 1, 1, 1}}, {"output_padding", N{1, 1}}});
         return batch_norm(n, "t");
       }},
      {"TransposedConvGroups", 13,
       [](OnnxNetwork& n) {
         return n.node("ConvTranspose", "y", {"a", n.noise("w", {8, 2, 4, 4}, 0.2)},
                       {{"strides", N{2, 2}}, {"pads", N{1, 1, 1, 1}}, {"group", 4}});
       }},
      {"TransposedConvSame", 11,
       [](OnnxNetwork& n) {
         return n.node("ConvTranspose", "y", {"a", n.noise("w", {8, 5, 4, 4}, 0.2)},
                       {{"strides", N{2, 2}}, {"auto_pad", "SAME_UPPER"}});
       }},
      {"TransposedConvToAShapeWithOutputPadding", 13,
       [](OnnxNetwork& n) {
         return n.node(
             "ConvTranspose", "y", {"a", n.noise("w", {8, 5, 3, 3}, 0.2), n.noise("c", {5})},
             {{"strides", N{3, 3}}, {"output_padding", N{2, 2}}, {"output_shape", N{48, 96}}});
       }},
      {"TransposedConvBeyondItsKernels", 13,
       [](OnnxNetwork& n) {
         return n.node("ConvTranspose", "y",
                       {"a", n.noise("w", {8, 5, 2, 2}, 0.2), n.noise("c", {5})},
                       {{"strides", N{2, 2}}, {"output_padding", N{1, 1}}});
       }},
      {"WeightsOfConstants", 13,  // standardized, as PyTorch leaves them without folding
       [](OnnxNetwork& n) {
         n.noise("w", {5, 8, 3, 3});
         n.node("ReduceMean", "m", {"w"}, {{"axes", N{1, 2, 3}}});
         n.node("Sub", "d", {"w", "m"});
         n.node("ReduceMean", "v", {n.node("Pow", "q", {"d", n.scalar("two", 2)})},
                {{"axes", N{1, 2, 3}}});
         return n.node("Conv", "y", {"a", n.node("Div", "k", {"d", n.node("Sqrt", "s", {"v"})})});
       }},
      {"MatMulOfThreeAxes", 13,
       [](OnnxNetwork& n) {
         n.node("Reshape", "r",
                {n.node("GlobalAveragePool", "g", {"a"}), n.integers("s", {1, 1, 8})});
         return n.node("MatMul", "y", {"r", n.noise("w", {8, 5})});
       }},
      {"GemmOfPixels", 13,
       [](OnnxNetwork& n) {
         n.node("Transpose", "t", {"a"}, {{"perm", N{0, 2, 3, 1}}});
         n.node("Reshape", "r", {"t", n.integers("s", {-1, 8})});
         return n.node("Gemm", "y", {"r", n.noise("w", {8, 5})});
       }},
      {"FlattenGemm", 13,
       [](OnnxNetwork& n) {
         n.node("Flatten", "f",
                {n.node("MaxPool", "p", {"a"}, {{"kernel_shape", N{4, 4}}, {"strides", N{4, 4}}})});
         return n.node("Gemm", "y", {"f", n.noise("w", {5, 8 * 4 * 8}, 0.1), n.noise("bias", {5})},
                       {{"transB", 1}});
       }},
      {"GemmWithARowOfBiases", 13,
       [](OnnxNetwork& n) {
         n.node("Flatten", "f", {n.node("GlobalAveragePool", "g", {"a"})});
         return n.node("Gemm", "y", {"f", n.noise("w", {8, 5}), n.noise("bias", {1, 5})});
       }},
      {"MeanGemm", 18,
       [](OnnxNetwork& n) {
         n.node("ReduceMean", "m", {"a", n.integers("axes", {2, 3})}, {{"keepdims", 0}});
         return n.node("Gemm", "y", {"m", n.noise("w", {8, 5})});
       }},
  };
  return list;
}

const std::vector<Case>& elementwise() {
  static const std::vector<Case> list{
      {"ClipSix", 9,
       [](OnnxNetwork& n) {
         return n.node("Clip", "y", {"a"}, {{"min", 0.0}, {"max", 6.0}});
       }},
      {"ClipOdd", 13,
       [](OnnxNetwork& n) {
         return n.node("Clip", "y", {"a", n.scalar("low", -0.5F), n.scalar("high", 0.75F)});
       }},
      {"ClipFar", 13,
       [](OnnxNetwork& n) {
         return n.node("Clip", "y", {"a", n.scalar("low", -65504), n.scalar("high", 65504)});
       }},
      {"ClipToZeroAndFar", 13,
       [](OnnxNetwork& n) {
         return n.node("Clip", "y", {"a", n.scalar("low", 0), n.scalar("high", 1e6F)});
       }},
      {"MaximumOfFar", 13,
       [](OnnxNetwork& n) {
         return n.node("Max", "y", {"a", n.scalar("low", -1e6F)});
       }},
      {"ExtremesOfConstants", 13,
       [](OnnxNetwork& n) {
         n.node("Max", "m", {n.scalar("one", 1), n.scalar("two", 2), n.scalar("five", 5)});
         n.node("Min", "k", {n.noise("d", {8, 1, 1}), "m", n.scalar("half", 0.5F)});
         return n.node("Mul", "y", {n.node("Mul", "t", {"a", "m"}), "k"});
       }},
      {"ConstantsAsTruth", 13,
       [](OnnxNetwork& n) {
         n.node("Cast", "t", {n.floats("d", {8, 1, 1}, {0, 0.5F, 2, -3, 0, 1, 1, 0})},
                {{"to", onnx::TensorProto::BOOL}});
         return n.node("Mul", "y",
                       {"a", n.node("Cast", "f", {"t"}, {{"to", onnx::TensorProto::FLOAT}})});
       }},
      {"ClipLowOnly", 13,
       [](OnnxNetwork& n) {
         return n.node("Clip", "y", {"a", n.scalar("low", -0.5F)});
       }},
      {"Minimum", 13,
       [](OnnxNetwork& n) {
         return n.node("Min", "y", {"a", n.scalar("high", 0.25F)});
       }},
      {"LeakyRelu", 13,
       [](OnnxNetwork& n) {
         return n.node("LeakyRelu", "y", {"a"}, {{"alpha", 0.1}});
       }},
      {"PRelu", 13,
       [](OnnxNetwork& n) {
         return n.node("PRelu", "y", {"a", n.noise("slope", {8, 1, 1}, 0.3)});
       }},
      {"HardSwish", 14, [](OnnxNetwork& n) { return n.node("HardSwish", "y", {"a"}); }},
      {"HardSwishInParts", 13,
       [](OnnxNetwork& n) {
         n.node("HardSigmoid", "g", {"a"}, {{"alpha", 1.0 / 6}, {"beta", 0.5}});
         return n.node("Mul", "y", {"g", "a"});
       }},
      {"HardSigmoid", 13, [](OnnxNetwork& n) { return n.node("HardSigmoid", "y", {"a"}); }},
      {"SiluInParts", 13,
       [](OnnxNetwork& n) {
         return n.node("Mul", "y", {"a", n.node("Sigmoid", "g", {"a"})});
       }},
      {"Add", 13,
       [](OnnxNetwork& n) {
         return n.node("Add", "y", {"a", "b"});
       }},
      {"Subtract", 13,
       [](OnnxNetwork& n) {
         return n.node("Sub", "y", {"a", "b"});
       }},
      {"Multiply", 13,
       [](OnnxNetwork& n) {
         return n.node("Mul", "y", {"a", "b"});
       }},
      {"ConstantMinus", 13,
       [](OnnxNetwork& n) {
         return n.node("Sub", "y", {n.scalar("one", 1), "a"});
       }},
      {"DivideByChannels", 13,
       [](OnnxNetwork& n) {
         return n.node("Div", "y", {"a", n.noise("d", {1, 8, 1, 1}, 0.1, 2)});
       }},
      {"Tanh", 13, [](OnnxNetwork& n) { return n.node("Tanh", "y", {"a"}); }},
      {"SumOfThree", 13,
       [](OnnxNetwork& n) {
         return n.node("Sum", "y", {"a", "b", n.noise("c", {8, 1, 1})});
       }},
      {"ExpandedFactor", 13,
       [](OnnxNetwork& n) {
         n.node("Expand", "e",
                {n.node("GlobalAveragePool", "g", {"a"}), n.node("Shape", "s", {"b"})});
         return n.node("Mul", "y", {"e", "b"});
       }},
      {"SqueezeAndExcite", 13,
       [](OnnxNetwork& n) {
         n.node("GlobalAveragePool", "m", {"a"});
         n.node("Relu", "r", {n.conv("c", "m", {4, 8, 1, 1})});
         n.node("Sigmoid", "s", {n.conv("d", "r", {8, 4, 1, 1})});
         return n.node("Mul", "y", {"a", "s"});
       }},
  };
  return list;
}

const std::vector<Case>& moves() {
  static const std::vector<Case> list{
      {"Concat", 13,
       [](OnnxNetwork& n) {
         return n.node("Concat", "y", {"a", "b"}, {{"axis", 1}});
       }},
      {"Split", 13,
       [](OnnxNetwork& n) {
         n.node("Split", "s", {"a", n.integers("parts", {3, 5})}, {{"axis", 1}});
         n.also("t");
         return n.node("Concat", "y", {"t", "s"}, {{"axis", 1}});
       }},
      {"Slice", 13,
       [](OnnxNetwork& n) {
         return n.node(
             "Slice", "y",
             {"a", n.integers("begin", {2}), n.integers("end", {-1}), n.integers("axis", {1})});
       }},
      {"SplitInThree", 18,
       [](OnnxNetwork& n) {
         n.node("Split", "s", {"a"}, {{"axis", 1}, {"num_outputs", 3}});
         n.also("t");
         n.also("u");
         return n.node("Concat", "y", {"u", "s"}, {{"axis", 1}});
       }},
      {"GatherBackwards", 13,
       [](OnnxNetwork& n) {
         return n.node("Gather", "y", {"a", n.integers("i", {7, 0, -5})}, {{"axis", 1}});
       }},
      {"GatherFirstAxis", 13,  // as PyTorch's newer exporter turns channels
       [](OnnxNetwork& n) {
         n.node("Transpose", "t", {"a"}, {{"perm", N{1, 0, 2, 3}}});
         n.node("Unsqueeze", "i", {n.integers("list", {2, 1, 0}), n.integers("last", {1})});
         n.node("GatherND", "g", {"t", "i"});
         n.node("Transpose", "u", {"g"}, {{"perm", N{1, 0, 2, 3}}});
         return n.conv("y", "u", {4, 3, 3, 3});
       }},
      {"CastLikeAValue", 15,
       [](OnnxNetwork& n) {
         n.node("CastLike", "two", {n.integers("i", {2}), "a"});
         return n.node("Mul", "y", {"a", "two"});
       }},
      {"GatherOne", 13,
       [](OnnxNetwork& n) {
         n.node("Squeeze", "i", {n.integers("list", {3})});
         return n.node("Gather", "y", {"a", "i"}, {{"axis", 1}});
       }},
      {"DepthToSpace", 13,
       [](OnnxNetwork& n) {
         return n.node("DepthToSpace", "y", {"a"}, {{"blocksize", 2}});
       }},
      {"PixelShuffle", 13,
       [](OnnxNetwork& n) {
         return n.node("DepthToSpace", "y", {"a"}, {{"blocksize", 2}, {"mode", "CRD"}});
       }},
      {"SpaceToDepth", 13,
       [](OnnxNetwork& n) {
         return n.node("SpaceToDepth", "y", {"a"}, {{"blocksize", 2}});
       }},
      {"MeanOfRows", 13,
       [](OnnxNetwork& n) {
         n.node("ReduceMean", "m", {"a"}, {{"axes", N{3}}, {"keepdims", 0}});
         return n.node("ReduceMean", "y", {"m"}, {{"axes", N{2}}, {"keepdims", 0}});
       }},
      {"MeanOfTokens", 13,
       [](OnnxNetwork& n) {
         n.node("Reshape", "r", {"a", n.integers("shape", {1, 8, -1})});
         return n.node("ReduceMean", "y", {"r"}, {{"axes", N{-1}}});
       }},
      {"PadByAxes", 18,
       [](OnnxNetwork& n) {
         n.node("Pad", "p",
                {"a", n.integers("pads", {1, 0, 2, 3}), "", n.integers("axes", {-1, 2})});
         return n.node("Relu", "y", {"p"});
       }},
      // The order of the amounts, turned as PyTorch does.
      {"PadByTurnedAmounts", 13,
       [](OnnxNetwork& n) {
         n.node("Reshape", "r",
                {n.integers("pads", {1, 2, 3, 0, 0, 0, 0, 0}), n.integers("s", {-1, 2})});
         n.node("Slice", "back",
                {"r", n.integers("from", {-1}), n.integers("to", {INT64_MIN}),
                 n.integers("of", {0}), n.integers("step", {-1})});
         n.node("Transpose", "t", {"back"}, {{"perm", N{1, 0}}});
         n.node("Pad", "p", {"a", n.node("Reshape", "f", {"t", n.integers("flat", {-1})})});
         return n.node("Relu", "y", {"p"});
       }},
      {"PadAlone", 13,
       [](OnnxNetwork& n) {
         n.node("Pad", "p",
                {"a", n.integers("pads", {0, 0, 1, 0, 0, 2, 0, 3}), n.scalar("value", 0.5F)});
         return n.node("Relu", "y", {"p"});
       }},
      {"PadOfLowestBeforeMaxPool", 13,
       [](OnnxNetwork& n) {
         n.node("Pad", "p",
                {"a", n.integers("pads", {0, 0, 1, 0, 0, 0, 0, 1}),
                 n.scalar("least", std::numeric_limits<float>::lowest())});
         return n.node("MaxPool", "y", {"p"}, {{"kernel_shape", N{3, 3}}, {"strides", N{2, 2}}});
       }},
      {"PadOfInfinityBeforeMaxPools", 13,
       [](OnnxNetwork& n) {
         n.node("Pad", "p",
                {"a", n.integers("pads", {0, 0, 1, 1, 0, 0, 0, 0}), n.scalar("least", -INFINITY)});
         n.node("MaxPool", "l", {"p"}, {{"kernel_shape", N{3, 3}}, {"pads", N{1, 1, 1, 1}}});
         n.node("MaxPool", "r", {"p"}, {{"kernel_shape", N{3, 3}}, {"pads", N{1, 1, 1, 1}}});
         return n.node("Add", "y", {"l", "r"});
       }},
      {"MaxPool2", 13,
       [](OnnxNetwork& n) {
         return n.node("MaxPool", "y", {"a"}, {{"kernel_shape", N{2, 2}}, {"strides", N{2, 2}}});
       }},
      {"MaxPool3Stride2", 13,
       [](OnnxNetwork& n) {
         return n.node("MaxPool", "y", {"a"},
                       {{"kernel_shape", N{3, 3}}, {"strides", N{2, 2}}, {"pads", N{1, 1, 1, 1}}});
       }},
      {"MaxPool3Ceil", 13,
       [](OnnxNetwork& n) {
         return n.node("MaxPool", "y", {"a"},
                       {{"kernel_shape", N{3, 3}}, {"strides", N{2, 2}}, {"ceil_mode", 1}});
       }},
      {"MaxPoolUnequal", 13,
       [](OnnxNetwork& n) {
         return n.node("MaxPool", "y", {"a"}, {{"kernel_shape", N{3, 3}}, {"pads", N{2, 0, 1, 1}}});
       }},
      {"AveragePool", 13,
       [](OnnxNetwork& n) {
         return n.node("AveragePool", "y", {"a"},
                       {{"kernel_shape", N{2, 2}}, {"strides", N{2, 2}}});
       }},
      {"AveragePoolWithZeros", 13,
       [](OnnxNetwork& n) {
         return n.node(
             "AveragePool", "y", {"a"},
             {{"kernel_shape", N{3, 3}}, {"pads", N{1, 1, 1, 1}}, {"count_include_pad", 1}});
       }},
      {"ResizeNearest", 13,
       [](OnnxNetwork& n) { return resize(n, "nearest", "asymmetric", "floor"); }},
      // As Keras and PyTorch repeat rows, then columns.
      {"RepeatedPixels", 13,
       [](OnnxNetwork& n) {
         n.node("Unsqueeze", "u", {"a", n.integers("third", {3})});
         n.node("Tile", "t", {"u", n.integers("times", {1, 1, 1, 2, 1})});
         n.node("Reshape", "r", {"t", n.integers("tall", {1, 8, 32, 32})});
         n.node("Unsqueeze", "v", {"r", n.integers("last", {4})});
         n.node("Expand", "e", {"v", n.integers("pairs", {1, 8, 32, 32, 2})});
         n.node("Reshape", "w", {"e", n.integers("wide", {1, 8, 32, 64})});
         return n.conv("y", "w", {4, 8, 3, 3});
       }},
      {"ResizeByAxes", 18,
       [](OnnxNetwork& n) {
         return n.node("Resize", "y", {"a", "", n.floats("scales", {2}, {2, 2})},
                       {{"mode", "linear"}, {"axes", N{2, 3}}});
       }},
      {"UpsampleByAttribute", 8,
       [](OnnxNetwork& n) {
         return n.node("Upsample", "y", {"a"}, {{"scales", std::vector<double>{1, 1, 2, 2}}});
       }},
      {"ResizeHalfPixel", 13,
       [](OnnxNetwork& n) { return resize(n, "linear", "half_pixel", "floor"); }},
      {"ResizeAlignCorners", 13,
       [](OnnxNetwork& n) { return resize(n, "linear", "align_corners", "floor"); }},
      {"ResizeAsymmetric", 13,
       [](OnnxNetwork& n) { return resize(n, "linear", "asymmetric", "floor"); }},
      {"TransposedMiddle", 13,
       [](OnnxNetwork& n) {
         n.node("Transpose", "t", {"a"}, {{"perm", N{0, 2, 3, 1}}});
         n.node("Mul", "m", {"t", n.noise("factor", {8})});
         return n.node("Transpose", "y", {"m"}, {{"perm", N{0, 3, 1, 2}}});
       }},
      {"ChannelShuffle", 13,
       [](OnnxNetwork& n) {
         n.node("Reshape", "g", {"a", n.integers("groups", {1, 4, 2, 16, 32})});
         n.node("Transpose", "t", {"g"}, {{"perm", N{0, 2, 1, 3, 4}}});
         return n.node("Reshape", "y", {"t", n.integers("whole", {1, 8, 16, 32})});
       }},
      {"ChannelShuffleOfLastAxis", 13,
       [](OnnxNetwork& n) {
         n.node("Transpose", "l", {"a"}, {{"perm", N{0, 2, 3, 1}}});
         n.node("Reshape", "g", {"l", n.integers("groups", {1, 16, 32, 4, 2})});
         n.node("Transpose", "t", {"g"}, {{"perm", N{0, 1, 2, 4, 3}}});
         n.node("Reshape", "m", {"t", n.integers("whole", {1, 16, 32, 8})});
         return n.node("Transpose", "y", {"m"}, {{"perm", N{0, 3, 1, 2}}});
       }},
      {"PartOfAShape", 15,
       [](OnnxNetwork& n) {
         n.node("Shape", "s", {"a"}, {{"start", 0}, {"end", 2}});
         n.node("Concat", "c", {"s", n.integers("rest", {-1})}, {{"axis", 0}});
         return n.node("Reshape", "y", {"a", "c"});
       }},
      {"FlatOutput", 13, [](OnnxNetwork& n) { return n.node("Flatten", "y", {"a"}); }},
      {"RowsOutput", 13,
       [](OnnxNetwork& n) {
         n.node("Transpose", "t", {"a"}, {{"perm", N{0, 2, 3, 1}}});
         return n.node("Reshape", "y", {"t", n.integers("shape", {1, -1, 4})});
       }},
      {"TokensOutput", 13,
       [](OnnxNetwork& n) {
         n.node("Reshape", "r", {"a", n.integers("shape", {1, 8, -1})});
         return n.node("Transpose", "y", {"r"}, {{"perm", N{0, 2, 1}}});
       }},
      // As PyTorch writes view(x.size(0), -1).
      {"ComputedShape", 13,
       [](OnnxNetwork& n) {
         n.node("Shape", "s", {"a"});
         n.node("Gather", "g", {"s", n.integers("index", {0})}, {{"axis", 0}});
         n.node("Concat", "c", {"g", n.integers("rest", {-1})}, {{"axis", 0}});
         return n.node("Reshape", "y", {"a", "c"});
       }},
  };
  return list;
}

std::vector<Case> all_cases() {
  std::vector<Case> list = convolutions();
  for (const auto* more : {&elementwise(), &moves()})
    list.insert(list.end(), more->begin(), more->end());
  return list;
}

// image → "a", "b" → the case → the output.
OnnxNetwork network_of(const Case& c) {
  OnnxNetwork n(c.opset);
  const A window{{"pads", N{1, 1, 1, 1}}, {"strides", N{2, 2}}};
  n.conv("a", "x", {8, 3, 3, 3}, window);
  n.conv("b", "x", {8, 3, 3, 3}, window);
  n.output(c.build(n));
  return n;
}

// Runs the file itself, and as octet imports it.
class ImportedFile {
 public:
  ImportedFile(const fs::path& file, const ImportOptions& options)
      : file_(file), model_(import_network(file, options).model) {}

  [[nodiscard]] const Model& model() const { return model_; }
  [[nodiscard]] Size size() const { return *model_.graph.size; }
  [[nodiscard]] Outputs original(const std::vector<uint8_t>& image) const {
    const bool onnx = file_.extension() == ".onnx";
    return run_file_in_engine({"", onnx ? "onnxruntime" : "tflite", onnx ? "onnx" : "tflite"},
                              file_, image, size());
  }
  [[nodiscard]] Outputs imported(const Runner& runner, const std::vector<uint8_t>& image) const {
    return run_in_engine(runner, fold_batch_norm(model_), image, size());
  }

 private:
  fs::path file_;
  Model model_;
};

bool is_there(const char* engine) {
  return error_of([&] { (void)load_engine(engine); }).empty();
}

void expect_same_outputs(const ImportedFile& file, const std::vector<uint8_t>& image,
                         double limit) {
  const Outputs expected = file.original(image);
  for (const Runner& runner : runners()) {
    if (runner.engine == std::string_view("armnn") || !is_there(runner.engine)) continue;
    const Outputs found = file.imported(runner, image);
    ASSERT_EQ(found.size(), expected.size()) << runner.name;
    for (const auto& [name, values] : expected) {
      ASSERT_TRUE(found.contains(name)) << name;
      EXPECT_LE(largest_difference(values, found.at(name)), limit) << runner.name << " " << name;
    }
  }
}

class ImportOperators : public testing::TestWithParam<Case> {};

TEST_P(ImportOperators, ComputeAsInTheirOwnEngine) {
  if (!is_there("onnxruntime")) GTEST_SKIP() << "ONNX Runtime is not installed";
  const TemporaryFolder folder;
  const fs::path path = folder / "n.onnx";
  write_text_file(path, network_of(GetParam()).bytes());
  const ImportedFile file(path, kFractions);
  expect_same_outputs(file, noise_image(file.size()), GetParam().limit);
}

INSTANTIATE_TEST_SUITE_P(All, ImportOperators, testing::ValuesIn(all_cases()),
                         [](const auto& one) { return std::string(one.param.name); });

// ONNX Runtime's shape inference does not run this one: its paddings are those of the same shape.
TEST(Import, ReadsPixelsThatSamePaddingAndOutputPaddingAdd) {
  const auto nodes = [](const OnnxNetwork::Attributes& attributes) {
    OnnxNetwork n(11);
    A all{{"strides", N{3, 3}}, {"output_padding", N{2, 2}}};
    all.insert(attributes.begin(), attributes.end());
    n.output(n.node("ConvTranspose", "y", {"x", n.noise("w", {3, 5, 3, 3})}, all));
    const std::string bytes = n.bytes();
    return to_json(import_network(as_bytes(bytes), "n.onnx", {}).model.graph);
  };
  const auto same = nodes({{"auto_pad", "SAME_UPPER"}});
  EXPECT_EQ(same, nodes({{"output_shape", N{96, 192}}}));
  EXPECT_NE(same, nodes({{"pads", N{0, 0, 2, 2}}}));
}

// ---- the input

// Whole images: zeros around a shifted image are no pixels of it.
TEST(Import, KeepsZerosAroundANormalizedImage) {
  if (!is_there("onnxruntime")) GTEST_SKIP() << "ONNX Runtime is not installed";
  OnnxNetwork n(13);
  n.node("Sub", "s", {"x", n.floats("mean", {1, 3, 1, 1}, {0.485F, 0.456F, 0.406F})});
  n.node("Div", "d", {"s", n.floats("std", {1, 3, 1, 1}, {0.229F, 0.224F, 0.225F})});
  n.output(n.conv("y", "d", {8, 3, 3, 3}, {{"pads", N{1, 1, 1, 1}}}));
  const TemporaryFolder folder;
  const fs::path path = folder / "n.onnx";
  write_text_file(path, n.bytes());
  const ImportedFile file(path, kFractions);
  EXPECT_EQ(file.model().graph.nodes.size(), 2U);  // a channel of ones, and the convolution
  expect_same_outputs(file, noise_image(file.size()), 1e-5);
}

// ---- outputs

TEST(Import, ReadsOutputsThatShareAValueOrAPlainName) {
  if (!is_there("onnxruntime")) GTEST_SKIP() << "ONNX Runtime is not installed";
  OnnxNetwork n(13);
  n.output(n.conv("heat", "x", {8, 3, 3, 3}));
  n.output(n.node("Flatten", "flat", {"heat"}));
  n.output(n.node("Sigmoid", "heat map", {"heat"}));
  n.output(n.node("Relu", "heat_map", {"heat"}));
  const TemporaryFolder folder;
  const fs::path path = folder / "n.onnx";
  write_text_file(path, n.bytes());
  const ImportedFile file(path, kFractions);
  const auto image = noise_image(file.size());
  Outputs expected = file.original(image);
  const Outputs found = file.imported(runners().front(), image);
  ASSERT_EQ(found.size(), 4U);
  EXPECT_LE(largest_difference(expected["heat"], found.at("heat")), 1e-5);
  EXPECT_LE(largest_difference(expected["heat"], found.at("flat")), 1e-5);
  EXPECT_LE(largest_difference(expected["heat_map"], found.at("heat_map")), 1e-5);
  EXPECT_LE(largest_difference(expected["heat map"], found.at("heat_map.3")), 1e-5);
  EXPECT_THAT(import_network(path, kFractions).notes,
              testing::ElementsAre("the output 'heat map' is named 'heat_map.3'"));
}

// ---- files of octet

// TensorFlow Lite has no uneven padding of a MaxPool: octet writes pixels of the lowest number.
TEST(Import, ReadsItsOwnUnevenMaxPool) {
  OnnxNetwork n(13);
  n.conv("a", "x", {8, 3, 3, 3});
  n.output(n.node("MaxPool", "y", {"a"}, {{"kernel_shape", N{3, 3}}, {"pads", N{2, 0, 1, 1}}}));
  const std::string bytes = n.bytes();
  const Model model = import_network(as_bytes(bytes), "n.onnx", kFractions).model;
  const TemporaryFolder folder;
  write_export(export_format("tflite"), folder / "n.tflite", model, {.size = *model.graph.size});
  const Model again = import_network(folder / "n.tflite", {}).model;
  ASSERT_EQ(again.graph.nodes.size(), model.graph.nodes.size());
  EXPECT_EQ(std::get<MaxPool>(again.graph.nodes.back().op).padding, Padding(2, 0, 1, 1));
}

// ---- real networks

struct RealNetwork {
  const char* file;
  size_t outputs;
};

class RealImport : public testing::TestWithParam<RealNetwork> {};

TEST_P(RealImport, ComputesAsInItsOwnEngine) {
  const fs::path path =
      fs::path(OCTET_SOURCE_DIR).parent_path() / "shared/data/generic" / GetParam().file;
  if (!fs::exists(path)) GTEST_SKIP() << path << " is not there";
  const bool onnx = path.extension() == ".onnx";
  if (!is_there(onnx ? "onnxruntime" : "tflite")) GTEST_SKIP() << "its engine is not installed";
  const ImportedFile file(path, kFractions);
  EXPECT_EQ(file.model().outputs().size(), GetParam().outputs);
  expect_same_outputs(file, noise_image(file.size()), 1e-3);

  const TemporaryFolder folder;
  write_model_file(folder / "m.safetensors", file.model(), StorageKind::kF32);
  const Model again = read_model_file(folder / "m.safetensors");
  EXPECT_EQ(again.graph.size, file.model().graph.size);
  EXPECT_EQ(again.graph.nodes.size(), file.model().graph.nodes.size());
  EXPECT_EQ(again.outputs().back().name(), file.model().outputs().back().name());
}

INSTANTIATE_TEST_SUITE_P(All, RealImport,
                         testing::Values(RealNetwork{"movenet-lightning.onnx", 4},
                                         RealNetwork{"posenet.onnx", 4},
                                         RealNetwork{"pose_landmark_lite.tflite", 5}),
                         [](const auto& one) {
                           const std::string file = one.param.file;
                           return file.substr(0, file.find_first_of("-_."));
                         });

}  // namespace
}  // namespace octet
