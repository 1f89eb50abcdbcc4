// IR for old versions of OpenVINO: fp16 weights, and the opsets of layers.
#include "format/openvino/ir.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cmath>
#include <cstring>
#include <pugixml.hpp>

#include "core/numeric/half.h"
#include "format/model_file.h"
#include "format/registry.h"
#include "model/passes/passes.h"
#include "testing/testing.h"

namespace octet {
namespace {

using testing::HasSubstr;

constexpr Size kSize{64, 64};

Model tiny() {
  return fold_batch_norm(
      read_model(OCTET_SOURCE_DIR "/tests/data/checkpoints/v8.4.190-detect3.pt"));
}

int newest_opset(const std::string& xml) {
  constexpr std::string_view kBegin = "opset";
  pugi::xml_document document;
  EXPECT_TRUE(document.load_string(xml.c_str()));
  int newest = 0;
  for (const pugi::xml_node layer : document.child("net").child("layers")) {
    const std::string version = layer.attribute("version").value();
    if (version.starts_with(kBegin))
      newest = std::max(newest, std::stoi(version.substr(kBegin.size())));
  }
  return newest;
}

TEST(Ir, HalfWeightsAreTheRoundedOnes) {
  const Model model = tiny();
  const IrDocument half = make_ir(model, kSize, Layout::kRaw, {.half_weights = true});
  const IrDocument whole = make_ir(model, kSize, Layout::kRaw);
  EXPECT_LT(half.weights.size(), whole.weights.size() * 6 / 10);
  EXPECT_TRUE(has_half_weights(read_ir_metadata(half.xml, half.weights, "half.xml")));
  EXPECT_FALSE(has_half_weights(read_ir_metadata(whole.xml, whole.weights, "whole.xml")));
  const auto listed = list_ir(half.xml, half.weights, "half.xml").tensors;
  size_t compared = 0;
  for (const Node& node : model.graph.nodes) {
    const auto* conv = std::get_if<Conv2d>(&node.op);
    if (conv == nullptr) continue;
    const ListedTensor& weight = listed.at(node.name + ".weight");
    ASSERT_EQ(weight.type, "f16");
    ASSERT_EQ(weight.bytes.size(), 2 * conv->weight.values.size());
    for (size_t i = 0; i < conv->weight.values.size(); ++i, ++compared) {
      uint16_t bits = 0;
      std::memcpy(&bits, &weight.bytes[2 * i], 2);
      const float real = conv->weight.values[i];
      ASSERT_NEAR(half_to_float(bits), real, std::abs(real) / 2048 + 3e-8F) << node.name;
    }
    EXPECT_EQ(listed.at(node.name + ".bias").type, "f32");
  }
  EXPECT_GT(compared, 10'000U);
}

TEST(Ir, OpsetsAreThoseOfOpenVino2022) {
  for (const Layout layout : {Layout::kRaw, Layout::kUltralytics}) {
    for (const char* file : {"samples/yolov8n-int8.safetensors", "samples/yolov8n.safetensors"}) {
      const Model model = fold_batch_norm(read_model(std::string(OCTET_SOURCE_DIR "/") + file));
      const IrDocument ir = make_ir(model, kSize, layout, {.opset = 8});
      EXPECT_LE(newest_opset(ir.xml), 8);
      EXPECT_GE(newest_opset(ir.xml), 4) << "the check sees the versions";
    }
  }
}

TEST(Ir, ALayerOfANewerOpsetIsRefusedByName) {
  const std::string said =
      error_of([] { (void)make_ir(tiny(), kSize, Layout::kRaw, {.opset = 3}); });
  EXPECT_THAT(said, HasSubstr("--opset 3: the layer 'model.0.act' is a Swish of opset4"));
}

TEST(Ir, AWeightBeyondHalfIsRefused) {
  Model model = tiny();
  for (Node& node : model.graph.nodes) {
    if (auto* conv = std::get_if<Conv2d>(&node.op)) conv->weight.values[1] = 1e6F;
  }
  EXPECT_THAT(error_of([&] { (void)make_ir(model, kSize, Layout::kRaw, {.half_weights = true}); }),
              HasSubstr("is 1000000, beyond fp16"));
}

TEST(Ir, OptionsBelongToItAlone) {
  const auto error = [](const char* format, const Model& model, const ExportOptions& options) {
    return error_of([&] { (void)make_export(export_format(format), model, options); });
  };
  const Model int8 =
      fold_batch_norm(read_model(OCTET_SOURCE_DIR "/samples/yolov8n-int8.safetensors"));
  EXPECT_THAT(error("onnx", tiny(), {.size = kSize, .half_weights = true}),
              HasSubstr("--precision fp16: is for --format openvino, not for onnx"));
  EXPECT_THAT(error("tflite", tiny(), {.size = kSize, .opset = 8}),
              HasSubstr("--opset 8: is for --format openvino, not for tflite"));
  EXPECT_THAT(error("openvino", int8, {.size = kSize, .half_weights = true}),
              HasSubstr("--precision fp16: is for float models"));
}

}  // namespace
}  // namespace octet
