// Nodes that have the name of another, in exported files: engines compute them, so each has to be named.
#include <gtest/gtest.h>
#include <onnx/onnx_pb.h>

#include <algorithm>
#include <pugixml.hpp>
#include <sstream>

#include "format/model_file.h"
#include "format/openvino/ir.h"
#include "model/passes/passes.h"
#include "testing/testing.h"
#include "verify/edited_exports.h"

namespace octet {
namespace {

constexpr Size kSize{64, 64};

Model tiny() {
  return fold_batch_norm(
      read_model(OCTET_SOURCE_DIR "/tests/data/checkpoints/v8.4.190-detect3.pt"));
}

bool says_repeated(const std::vector<Mismatch>& found, const std::string& what) {
  return std::any_of(found.begin(), found.end(), [&](const Mismatch& m) {
    return m.tensor == what && m.field == ExportListing::kRepeated;
  });
}

std::vector<ExportListing> own_listings(const Model& model) {
  const IrDocument ir = make_ir(model, kSize, Layout::kRaw);
  return {flat_onnx(make_onnx(model, kSize, Layout::kRaw)), list_ir(ir.xml, ir.weights, "own.xml"),
          flat_tflite(make_tflite(model, kSize, Layout::kRaw)),
          flat_tflite(make_tflite(model, kSize, Layout::kUltralytics))};
}

TEST(RepeatedNames, OwnExportsHaveEveryNameOnce) {
  const Model int8 =
      fold_batch_norm(read_model(OCTET_SOURCE_DIR "/samples/yolov8n-int8.safetensors"));
  for (const Model& model : {tiny(), int8}) {
    for (const ExportListing& own : own_listings(model)) {
      for (const auto& [name, fields] : own.nodes)
        EXPECT_FALSE(fields.contains(ExportListing::kRepeated)) << name;
    }
  }
}

TEST(RepeatedNames, ANodeOfOnnxWithTheNameOfAnotherIsNamed) {
  const std::string bytes = make_onnx(tiny(), kSize, Layout::kRaw);
  onnx::ModelProto model;
  ASSERT_TRUE(model.ParseFromString(bytes));
  const std::string name = model.graph().node(3).name();
  auto& added = *model.mutable_graph()->add_node();
  added = model.graph().node(3);
  const auto found = compare(flat_onnx(bytes), flat_onnx(model.SerializeAsString()));
  EXPECT_TRUE(says_repeated(found, name));
  EXPECT_TRUE(names(found, ExportListing::kWhole)) << "there is one node more";

  ASSERT_TRUE(model.ParseFromString(bytes));
  *model.mutable_graph()->add_initializer() = model.graph().initializer(0);
  EXPECT_TRUE(names(compare(flat_onnx(bytes), flat_onnx(model.SerializeAsString())),
                    "tensor " + model.graph().initializer(0).name()));
}

// An operator of another domain is another operator.
TEST(Onnx, TheDomainOfANodeIsCompared) {
  const std::string bytes = make_onnx(tiny(), kSize, Layout::kRaw);
  onnx::ModelProto model;
  ASSERT_TRUE(model.ParseFromString(bytes));
  model.mutable_graph()->mutable_node(2)->set_domain("com.example");
  const auto found = compare(flat_onnx(bytes), flat_onnx(model.SerializeAsString()));
  ASSERT_EQ(found.size(), 1U);
  EXPECT_EQ(found[0].field, "domain");
  EXPECT_EQ(found[0].found, "com.example");
}

// A Sigmoid behind a layer, with its name: each edge from the layer comes from the Sigmoid.
TEST(RepeatedNames, ALayerOfIrWithTheNameOfAnotherIsNamed) {
  const IrDocument ir = make_ir(tiny(), kSize, Layout::kRaw);
  pugi::xml_document document;
  ASSERT_TRUE(document.load_string(ir.xml.c_str()));
  auto net = document.child("net");
  auto layer = net.child("layers").find_child_by_attribute("type", "Convolution");
  auto added = net.child("layers").insert_copy_after(layer, layer);
  added.attribute("id") = "9999";
  added.attribute("type") = "Sigmoid";
  added.remove_child("data");
  for (auto edge : net.child("edges").children("edge")) {
    if (edge.attribute("from-layer").value() == std::string(layer.attribute("id").value()))
      edge.attribute("from-layer") = "9999";
  }
  std::ostringstream text;
  document.save(text);
  const auto found = compare(list_ir(ir.xml, ir.weights, "own.xml"),
                             list_ir(text.str(), ir.weights, "edited.xml"));
  EXPECT_TRUE(says_repeated(found, layer.attribute("name").value()));
  EXPECT_TRUE(names(found, ExportListing::kWhole)) << "there is one layer more";
}

TEST(RepeatedNames, AnOperatorOfTfliteWithTheNameOfAnotherIsNamed) {
  const std::string bytes = make_tflite(tiny(), kSize, Layout::kRaw);
  const auto model = tflite::UnPackModel(bytes.data());
  auto& graph = *model->subgraphs[0];
  graph.operators.push_back(std::make_unique<tflite::OperatorT>(*graph.operators[1]));
  const auto made = static_cast<size_t>(graph.operators[1]->outputs[0]);
  graph.tensors.push_back(std::make_unique<tflite::TensorT>(*graph.tensors[made]));
  graph.operators.back()->outputs[0] = static_cast<int32_t>(graph.tensors.size()) - 1;
  const auto found = compare(flat_tflite(bytes), flat_tflite(packed(*model)));
  EXPECT_TRUE(says_repeated(found, graph.tensors[made]->name));
  EXPECT_TRUE(says_repeated(found, "tensor " + graph.tensors[made]->name));
}

}  // namespace
}  // namespace octet
