// Networks of other programs that cannot be read: the message names the operator and the reason.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "core/file.h"
#include "format/import_network.h"
#include "testing/testing.h"
#include "tools/onnx_network.h"

namespace octet {
namespace {
using testing::HasSubstr;

using A = OnnxNetwork::Attributes;
using N = OnnxNetwork::Numbers;

std::string refusal(const OnnxNetwork& network, const ImportOptions& options = {}) {
  const std::string bytes = network.bytes();
  return error_of([&] { (void)import_network(as_bytes(bytes), "n.onnx", options); });
}

TEST(Import, NamesEveryOperatorThatItCannotRead) {
  OnnxNetwork n(13);
  n.conv("a", "x", {8, 3, 3, 3});
  n.node("Softmax", "s", {"a"});
  n.node("Relu", "r", {"s"});  // is not named: it only reads what is missing
  n.node("Erf", "e", {"r"});
  n.node("Conv", "w", {"a", "a"});
  n.output("e");
  const std::string message = refusal(n);
  EXPECT_THAT(message, HasSubstr("n.onnx: 3 of its 5 operators cannot be read:"));
  EXPECT_THAT(message, HasSubstr("Softmax 'node_s': octet has no such operator"));
  EXPECT_THAT(message, HasSubstr("Erf 'node_e': octet has no such operator"));
  EXPECT_THAT(message, HasSubstr("Conv 'node_w': computes 'a'; octet takes constants there"));
}

// What a file says in a way that another reading would silently turn into other numbers.
TEST(Import, RefusesWhatItWouldComputeOtherwise) {
  using Build = std::function<void(OnnxNetwork&)>;
  const std::vector<std::pair<const char*, Build>> list{
      {"enlarges by 2.03",
       [](OnnxNetwork& n) {
         n.node("Resize", "y", {"a", "", n.floats("f", {4}, {1, 1, 2.03F, 2.03F})},
                {{"mode", "linear"}});
       }},
      {"has the policy 'not_larger'",
       [](OnnxNetwork& n) {
         n.node("Resize", "y", {"a", "", "", n.integers("f", {64, 200})},
                {{"axes", N{2, 3}}, {"keep_aspect_ratio_policy", "not_larger"}});
       }},
      {"is a mean over the axes 0, 1, 2, 3",
       [](OnnxNetwork& n) {
         n.node("ReduceMean", "y", {n.node("GlobalAveragePool", "g", {"a"})});
       }},
      {"which are no channels",
       [](OnnxNetwork& n) {
         n.node("Transpose", "t", {"a"}, {{"perm", N{0, 2, 3, 1}}});
         n.node("BatchNormalization", "y",
                {"t", n.noise("g", {8}), n.noise("b", {8}), n.noise("m", {8}), n.noise("v", {8})});
       }},
      {"drops values at random",
       [](OnnxNetwork& n) {
         n.node("Dropout", "y", {"a", n.scalar("ratio", 0.5F), n.scalar("train", 1)});
       }},
      {"makes integers of what the network computes",
       [](OnnxNetwork& n) {
         n.node("CastLike", "i", {"a", n.integers("like", {1})});
         n.node("Cast", "y", {"i"}, {{"to", onnx::TensorProto::FLOAT}});
       }},
      {"makes constants of the type 2",
       [](OnnxNetwork& n) {
         n.node("Cast", "c", {n.scalar("s", 300)}, {{"to", onnx::TensorProto::UINT8}});
         n.node("Mul", "y", {"a", "c"});
       }},
      {"computes with constants of one byte",
       [](OnnxNetwork& n) {
         n.node("Cast", "c", {n.scalar("s", 3)}, {{"to", onnx::TensorProto::BOOL}});
         n.node("Mul", "y", {"a", n.node("Neg", "d", {"c"})});
       }},
      {"has biases (1860, 1) for 1860 outputs",
       [](OnnxNetwork& n) {
         n.node("Transpose", "t", {"a"}, {{"perm", N{0, 2, 3, 1}}});
         n.node("Reshape", "r", {"t", n.integers("s", {1860, 8})});
         n.node("Gemm", "y", {"r", n.noise("w", {8, 1860}), n.noise("c", {1860, 1})});
       }},
      {"holds infinity; the file that it was imported from holds that",
       [](OnnxNetwork& n) {
         n.node("Mul", "m", {"a", n.scalar("huge", 1e30F)});
         n.node("Mul", "y", {"m", n.scalar("more", 1e30F)});
       }},
      {"splits 8 elements into parts of (3, 3)",
       [](OnnxNetwork& n) {
         n.node("Split", "y", {"a", n.integers("parts", {3, 3})}, {{"axis", 1}});
         n.also("z");
       }},
      {"which repeats (1, 8)",
       [](OnnxNetwork& n) {
         n.node("Expand", "e",
                {n.node("GlobalAveragePool", "g", {"a"}), n.integers("s", {1, 8, 4, 4})});
         n.node("Flatten", "y", {"e"});
       }},
      {"to (1, 8, 60, 62)",
       [](OnnxNetwork& n) {  // all rows twice, one after the other
         n.node("Unsqueeze", "u", {"a", n.integers("second", {2})});
         n.node("Tile", "t", {"u", n.integers("times", {1, 1, 2, 1, 1})});
         n.node("Reshape", "y", {"t", n.integers("tall", {1, 8, 60, 62})});
       }},
      {"at which side an odd pixel is cut off",
       [](OnnxNetwork& n) {
         n.node("ConvTranspose", "y", {"a", n.noise("w", {8, 5, 3, 3})},
                {{"strides", N{2, 2}}, {"auto_pad", "SAME_UPPER"}});
       }},
      {"'p': adds pixels of -3.4028235e+38, which only a MaxPool",
       [](OnnxNetwork& n) {
         n.node("Pad", "p",
                {"a", n.integers("pads", {0, 0, 1, 0, 0, 0, 0, 1}), n.scalar("v", -INFINITY)});
         n.conv("y", "p", {8, 8, 3, 3});
       }},
      {"'p': adds pixels of 1e+35, which only a MaxPool",
       [](OnnxNetwork& n) {
         n.node("Pad", "p",
                {"a", n.integers("pads", {0, 0, 1, 0, 0, 0, 0, 1}), n.scalar("v", 1e35F)});
         n.node("MaxPool", "y", {"p"}, {{"kernel_shape", N{3, 3}}});
       }},
      {"adds pixels that are not a number",
       [](OnnxNetwork& n) {
         n.node("Pad", "y",
                {"a", n.integers("pads", {0, 0, 1, 0, 0, 0, 0, 1}), n.scalar("v", NAN)});
       }},
      {"output 'y': is not computed by any operator", [](OnnxNetwork&) {}},
      {"reads 'nowhere', which octet finds nowhere before it",
       [](OnnxNetwork& n) { n.node("Relu", "y", {"nowhere"}); }},
  };
  for (const auto& [reason, build] : list) {
    OnnxNetwork n(18);
    n.conv("a", "x", {8, 3, 3, 3});
    build(n);
    n.output("y");
    EXPECT_THAT(refusal(n), HasSubstr(reason));
  }
}

TEST(Import, RefusesWhatIsNoFloatNetworkOfOneImage) {
  OnnxNetwork old(6);
  old.output(old.conv("y", "x", {8, 3, 3, 3}));
  EXPECT_THAT(refusal(old), HasSubstr("has the opset 6; octet reads 7 to 25"));

  OnnxNetwork open(13, {-1, 3, -1, -1});
  open.output(open.conv("y", "x", {8, 3, 3, 3}));
  EXPECT_THAT(refusal(open), HasSubstr("has no fixed size; name one with --imgsz"));
  const std::string bytes = open.bytes();
  const Model fixed =
      import_network(as_bytes(bytes), "n.onnx", {.size = Size{48, 40}, .values = {}}).model;
  EXPECT_EQ(fixed.graph.size, (Size{48, 40}));

  OnnxNetwork high(13, {1, 3, -1, 64});
  high.output(high.conv("y", "x", {8, 3, 3, 3}));
  EXPECT_THAT(refusal(high, {.size = Size{48, 40}, .values = {}}),
              HasSubstr("leaves one side open only, and takes a width of 64"));

  OnnxNetwork grey(13, {1, 1, 32, 32});
  grey.output(grey.conv("y", "x", {8, 1, 3, 3}));
  EXPECT_THAT(refusal(grey), HasSubstr("is not an image of 3 channels"));

  OnnxNetwork two(13);
  *two.graph().add_input() = two.graph().input(0);
  two.graph().mutable_input(1)->set_name("z");
  two.output(two.conv("y", "x", {8, 3, 3, 3}));
  EXPECT_THAT(refusal(two), HasSubstr("has 2 inputs (x, z)"));

  OnnxNetwork integer(13);
  integer.node("QuantizeLinear", "q", {"x", integer.scalar("s", 1)});
  integer.output("q");
  EXPECT_THAT(refusal(integer), HasSubstr("is int8 already (QuantizeLinear 'node_q')"));
}

}  // namespace
}  // namespace octet
