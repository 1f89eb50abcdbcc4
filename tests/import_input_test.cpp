// How the input of an imported network is made of pixels, and what the import says of a network.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <functional>
#include <limits>

#include "core/file.h"
#include "format/import_network.h"
#include "tools/onnx_network.h"

namespace octet {
namespace {
using testing::HasSubstr;

TEST(ImportedInput, TakesBytesWhereTheNetworkDividesItself) {
  OnnxNetwork n(13);
  n.node("Mul", "m", {"x", n.scalar("factor", 1.0F / 255)});
  n.output(n.conv("y", "m", {8, 3, 3, 3}));
  const std::string bytes = n.bytes();
  const ImportedNetwork made = import_network(as_bytes(bytes), "n.onnx", {});
  EXPECT_EQ(made.values.deviation, std::vector<double>{1});
  EXPECT_EQ(made.model.graph.nodes.size(), 1U);
}

TEST(ImportedInput, TakesBytesWhereTheNetworkSubtractsAMeanOfThem) {
  OnnxNetwork n(13);
  n.node("Sub", "s", {"x", n.floats("mean", {1, 3, 1, 1}, {104, 117, 123})});
  n.output(n.conv("y", "s", {8, 3, 3, 3}));
  const std::string bytes = n.bytes();
  EXPECT_EQ(import_network(as_bytes(bytes), "n.onnx", {}).values.deviation, std::vector<double>{1});
}

InputValues values_of(const std::function<std::string(OnnxNetwork&)>& begin) {
  OnnxNetwork n(13);
  n.output(n.conv("y", begin(n), {8, 3, 3, 3}));
  const std::string bytes = n.bytes();
  return import_network(as_bytes(bytes), "n.onnx", {}).values;
}

TEST(ImportedInput, TakesBytesWhereTheNetworkBeginsWithABatchNormOfThem) {
  const auto deviation = [](std::vector<float> mean, float variance) {
    return values_of([&](OnnxNetwork& n) {
             return n.node("BatchNormalization", "s",
                           {"x", n.floats("gamma", {3}, {1, 1, 1}),
                            n.floats("beta", {3}, {0, 0, 0}), n.floats("mean", {3}, mean),
                            n.floats("variance", {3}, {variance, variance, variance})});
           })
        .deviation;
  };
  EXPECT_EQ(deviation({123.7F, 116.3F, 103.5F}, 58 * 58), std::vector<double>{1});
  EXPECT_EQ(deviation({0.485F, 0.456F, 0.406F}, 0.05F), std::vector<double>{255});
}

TEST(ImportedInput, LooksAtEveryChannelOfTheFirstScaling) {
  const auto deviation = [](std::vector<float> factors) {
    return values_of([&](OnnxNetwork& n) {
             return n.node("Mul", "m", {"x", n.floats("factor", {1, 3, 1, 1}, factors)});
           })
        .deviation;
  };
  EXPECT_EQ(deviation({0.004F, 0.004F, 0.005F}), std::vector<double>{1});
  EXPECT_EQ(deviation({0.05F, 1, 1}), std::vector<double>{255});
}

TEST(ImportedNotes, NameTheLimitsThatItLeavesOut) {
  OnnxNetwork n(13);
  n.conv("a", "x", {8, 3, 3, 3});
  n.node("Clip", "c", {"a", n.scalar("low", -65504), n.scalar("high", 4)});
  n.node("Min", "m", {"c", n.scalar("far", 1e6F)});
  n.node("Clip", "l", {"m", n.scalar("none", std::numeric_limits<float>::lowest())});
  n.output(n.node("Max", "y", {"l", n.scalar("near", -900)}));
  const std::string bytes = n.bytes();
  const ImportedNetwork made = import_network(as_bytes(bytes), "n.onnx", {});
  EXPECT_THAT(made.notes, testing::ElementsAre(HasSubstr("'c': its limit -65504 is left out"),
                                               HasSubstr("'m': its limit 1000000 is left out")));
}

}  // namespace
}  // namespace octet
