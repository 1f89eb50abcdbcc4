// Single edits in exported files: each has to be named.
#include "verify/compare_listings.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <onnx/onnx_pb.h>

#include <cmath>
#include <cstring>
#include <nlohmann/json.hpp>
#include <pugixml.hpp>
#include <random>
#include <sstream>

#include "core/error.h"
#include "core/file.h"
#include "format/model_file.h"
#include "format/onnx/onnx.h"
#include "format/openvino/ir.h"
#include "format/savedmodel/saved_model.h"
#include "format/tflite/summary.h"
#include "format/tflite/tflite.h"
#include "graph/json/quantization_json.h"
#include "model/passes/passes.h"
#include "quant/params.h"
#include "quant/scales.h"
#include "saved_model.pb.h"
#include "testing/testing.h"
#include "tflite_generated.h"
#include "verify/edited_exports.h"

namespace octet {
namespace {

using testing::HasSubstr;

constexpr int kEdits = 100;  // of each format
constexpr Size kSize{64, 64};

Model quantized_tiny() {
  Model m = read_model(OCTET_SOURCE_DIR "/tests/data/checkpoints/v8.4.190-detect3.pt");
  m = fold_batch_norm(std::move(m));
  const Placement placement = place_quantizers(m);
  Scales scales;
  double high = 3;
  for (const auto& group : placement.groups) {
    high += 0.125;
    scales.groups.push_back(group.front() == m.graph.input ? kImageParams
                                                           : params_for_range(-2, high));
  }
  for (const std::string& conv : placement.convs)
    scales.weights[conv] = weight_scales(std::get<Conv2d>(m.graph.find(conv)->op).weight, {});
  m = quantize_model(std::move(m), placement, std::move(scales));
  verify_quantization(m);
  return m;
}

// Changes one element of one tensor, two scales, or one attribute; gives the name.
std::string edit(onnx::ModelProto& model, std::mt19937& random) {
  auto& graph = *model.mutable_graph();
  const auto any = [&](int count) { return static_cast<int>(random() % count); };
  if (any(4) == 0) {  // an operator's stride, padding or axis
    for (;;) {
      auto& node = *graph.mutable_node(any(graph.node_size()));
      if (node.attribute_size() == 0) continue;
      auto& a = *node.mutable_attribute(any(node.attribute_size()));
      if (a.ints_size() > 0) {
        a.set_ints(0, a.ints(0) + 1);
      } else if (a.has_i()) {
        a.set_i(a.i() + 1);
      } else {
        continue;
      }
      return node.name();
    }
  }
  for (;;) {
    auto& t = *graph.mutable_initializer(any(graph.initializer_size()));
    std::string raw = t.raw_data();
    if (raw.empty()) continue;
    if (any(3) == 0 && t.data_type() == onnx::TensorProto::FLOAT && raw.size() >= 8) {
      if (std::memcmp(raw.data(), raw.data() + 4, 4) == 0) continue;
      std::swap_ranges(raw.begin(), raw.begin() + 4, raw.begin() + 4);  // two scales swapped
    } else {
      raw[random() % raw.size()] ^= static_cast<char>(1U << any(7));
    }
    t.set_raw_data(raw);
    return t.name();
  }
}

TEST(Flat, EveryEditOfOnnxIsNamed) {
  for (const ElementType activations : {ElementType::kUint8, ElementType::kInt8}) {
    const std::string bytes = make_onnx(quantized_tiny(), kSize, Layout::kRaw, activations);
    const ExportListing expected = flat_onnx(bytes);
    EXPECT_TRUE(compare(expected, expected).empty());
    std::mt19937 random(1);
    for (int i = 0; i < kEdits; ++i) {
      onnx::ModelProto model;
      ASSERT_TRUE(model.ParseFromString(bytes));
      const std::string name = edit(model, random);
      EXPECT_TRUE(names(compare(expected, flat_onnx(model.SerializeAsString())), name)) << name;
    }
  }
}

// A scale or a zero point of those that the graph leaves out.
std::string edit_before_silu(pugi::xml_document& document, std::mt19937& random) {
  auto text = document.child("net").child("rt_info").child(kBeforeSiluKey).attribute("value");
  auto values = quant_params_from_json(nlohmann::json::parse(text.value()));
  auto& [conv, p] = *std::next(values.begin(), static_cast<int>(random() % values.size()));
  if (random() % 2 == 0) {
    p.scale = std::nextafter(p.scale, 1.0F);
  } else {
    p.zero_point ^= 1;
  }
  text.set_value(to_json(values).dump().c_str());
  return conv + ".quantized";
}

std::string edit(pugi::xml_document& document, std::vector<std::byte>& weights,
                 std::mt19937& random) {
  if (random() % 8 == 0) return edit_before_silu(document, random);
  std::vector<pugi::xml_node> layers;
  for (const auto layer : document.child("net").child("layers").children("layer"))
    layers.push_back(layer);
  for (;;) {
    auto layer = layers[random() % layers.size()];
    auto data = layer.child("data");
    const std::string type = layer.attribute("type").value();
    if (type == "Const") {
      const auto offset = data.attribute("offset").as_ullong();
      const auto size = data.attribute("size").as_ullong();
      if (size == 0) continue;
      weights[offset + random() % size] ^= static_cast<std::byte>(1U << random() % 7);
      return layer.attribute("name").value();
    }
    for (const char* field : {"strides", "pads_begin", "axis", "levels", "kernel"}) {
      auto a = data.attribute(field);
      if (!a || random() % 2 == 0) continue;
      a.set_value((std::string(a.value()) + "1").c_str());
      return layer.attribute("name").value();
    }
  }
}

TEST(Flat, EveryEditOfIrIsNamed) {
  const IrDocument ir = make_ir(quantized_tiny(), kSize, Layout::kRaw);
  const ExportListing expected = list_ir(ir.xml, ir.weights, "own.xml");
  EXPECT_TRUE(compare(expected, expected).empty());
  std::mt19937 random(2);
  for (int i = 0; i < kEdits; ++i) {
    pugi::xml_document document;
    ASSERT_TRUE(document.load_string(ir.xml.c_str()));
    std::vector<std::byte> weights = ir.weights;
    const std::string name = edit(document, weights, random);
    std::ostringstream text;
    document.save(text);
    EXPECT_TRUE(names(compare(expected, list_ir(text.str(), weights, "edited.xml")), name)) << name;
  }
}

TEST(Flat, DamagedParametersBeforeSiluAreRefused) {
  const IrDocument ir = make_ir(quantized_tiny(), kSize, Layout::kRaw);
  for (const char* wrong : {"{", R"({"a": {"scale": 0, "zero_point": 0}})", R"({"a": 1})"}) {
    pugi::xml_document document;
    ASSERT_TRUE(document.load_string(ir.xml.c_str()));
    document.child("net").child("rt_info").child(kBeforeSiluKey).attribute("value") = wrong;
    std::ostringstream text;
    document.save(text);
    const std::string said = error_of([&] { (void)list_ir(text.str(), ir.weights, "edited.xml"); });
    EXPECT_THAT(said, HasSubstr("edited.xml: its before_silu is damaged")) << said;
  }
}

std::string edit_quantization(tflite::TensorT& t, std::mt19937& random) {
  auto& q = *t.quantization;
  if (random() % 3 == 0) {
    ++q.zero_point[random() % q.zero_point.size()];
    return t.name + ".zero_point";
  }
  if (q.scale.size() > 1 && q.scale[0] != q.scale[1]) {
    std::swap(q.scale[0], q.scale[1]);
  } else {
    q.scale[0] = std::nextafter(q.scale[0], 1.0F);
  }
  return t.name + ".scale";
}

bool edit_options(tflite::OperatorT& op, std::mt19937& random) {
  if (auto* conv = op.builtin_options.AsConv2DOptions()) {
    random() % 2 == 0 ? ++conv->stride_w : ++conv->dilation_h_factor;
  } else if (auto* pool = op.builtin_options.AsPool2DOptions()) {
    pool->padding = tflite::Padding_VALID;
  } else if (auto* cat = op.builtin_options.AsConcatenationOptions()) {
    --cat->axis;
  } else {
    return false;
  }
  return true;
}

// A byte of a constant, a scale, a zero point, two scales, a window's stride or padding, an axis.
std::string edit(tflite::ModelT& model, std::mt19937& random) {
  auto& graph = *model.subgraphs[0];
  for (;;) {
    auto& op = *graph.operators[random() % graph.operators.size()];
    if (random() % 4 == 0 && edit_options(op, random))
      return graph.tensors[static_cast<size_t>(op.outputs[0])]->name;
    auto& t = *graph.tensors[random() % graph.tensors.size()];
    if (t.quantization && random() % 2 == 0) return edit_quantization(t, random);
    auto& data = model.buffers[t.buffer]->data;
    if (data.empty()) continue;
    data[random() % data.size()] ^= static_cast<uint8_t>(1U << random() % 7);
    return t.name;
  }
}

TEST(Flat, EveryEditOfTfliteIsNamed) {
  const std::string bytes = make_tflite(quantized_tiny(), kSize, Layout::kRaw);
  const ExportListing expected = flat_tflite(bytes);
  EXPECT_TRUE(compare(expected, expected).empty());
  std::mt19937 random(3);
  for (int i = 0; i < kEdits; ++i) {
    const auto model = tflite::UnPackModel(bytes.data());
    const std::string name = edit(*model, random);
    EXPECT_TRUE(names(compare(expected, flat_tflite(packed(*model))), name)) << name;
  }
}

// Options that only the decoded layout has.
TEST(Flat, EditsOfDecodingInTfliteAreNamed) {
  const std::string bytes = make_tflite(quantized_tiny(), kSize, Layout::kUltralytics);
  const ExportListing expected = flat_tflite(bytes);
  const auto model = tflite::UnPackModel(bytes.data());
  std::vector<std::string> edited;
  for (const auto& op : model->subgraphs[0]->operators) {
    if (auto* softmax = op->builtin_options.AsSoftmaxOptions()) {
      softmax->beta = 2;
    } else if (auto* sum = op->builtin_options.AsReducerOptions()) {
      sum->keep_dims = true;
    } else if (auto* sub = op->builtin_options.AsSubOptions()) {
      sub->fused_activation_function = tflite::ActivationFunction_RELU;
    } else if (auto* reshape = op->builtin_options.AsReshapeOptions()) {
      ++reshape->new_shape[0];
    } else {
      continue;
    }
    edited.push_back(model->subgraphs[0]->tensors[static_cast<size_t>(op->outputs[0])]->name);
  }
  EXPECT_GE(edited.size(), 10U);
  const auto found = compare(expected, flat_tflite(packed(*model)));
  for (const std::string& name : edited) EXPECT_TRUE(names(found, name)) << name;
}

ExportListing flat_saved_model(const std::string& bytes) {
  return list_saved_model(std::as_bytes(std::span(bytes)), "edited.pb");
}

bool edit_attribute(tf::AttrValue& a, std::mt19937& random) {
  switch (a.value_case()) {
    case tf::AttrValue::kI:
      a.set_i(a.i() + 1);
      return true;
    case tf::AttrValue::kB:
      a.set_b(!a.b());
      return true;
    case tf::AttrValue::kS:
      a.set_s(a.s() == "SAME" ? "VALID" : "SAME");
      return true;
    case tf::AttrValue::kList:
      a.mutable_list()->set_i(static_cast<int>(random() % a.list().i_size()), 9);
      return true;
    default:
      return false;
  }
}

// A byte of a constant, an input, or an attribute; gives the name.
std::string edit(tf::SavedModel& model, std::mt19937& random) {
  auto& graph = *model.mutable_meta_graphs(0)->mutable_graph_def();
  for (;;) {
    auto& node = *graph.mutable_node(static_cast<int>(random() % graph.node_size()));
    auto& a = *node.mutable_attr(static_cast<int>(random() % node.attr_size()))->mutable_value();
    if (node.op() == "Const") {
      if (!a.has_tensor()) continue;
      std::string& raw = *a.mutable_tensor()->mutable_tensor_content();
      if (raw.empty()) continue;
      raw[random() % raw.size()] ^= static_cast<char>(1U << random() % 7);
    } else if (node.input_size() > 0 && random() % 2 == 0) {
      node.set_input(0, "image");
    } else if (!edit_attribute(a, random)) {
      continue;
    }
    return node.name();
  }
}

TEST(Flat, EveryEditOfASavedModelIsNamed) {
  const std::string bytes = make_saved_model(quantized_tiny(), kSize, Layout::kRaw);
  const ExportListing expected = flat_saved_model(bytes);
  EXPECT_TRUE(compare(expected, expected).empty());
  std::mt19937 random(4);
  for (int i = 0; i < kEdits; ++i) {
    tf::SavedModel model;
    ASSERT_TRUE(model.ParseFromString(bytes));
    const std::string name = edit(model, random);
    if (model.SerializeAsString() == bytes) continue;  // the first operator reads the image
    EXPECT_TRUE(names(compare(expected, flat_saved_model(model.SerializeAsString())), name))
        << name;
  }
}

TEST(Flat, DamagedTfliteIsRefused) {
  const std::string bytes = make_tflite(quantized_tiny(), kSize, Layout::kRaw);
  EXPECT_THAT(error_of([&] { (void)flat_tflite(bytes.substr(0, bytes.size() / 2)); }),
              HasSubstr("damaged"));
  EXPECT_THAT(error_of([&] { (void)flat_tflite("PK"); }), HasSubstr("not a TensorFlow Lite file"));
  const auto changed = [&](auto&& change) {
    const auto model = tflite::UnPackModel(bytes.data());
    change(*model);
    return error_of([&] { (void)flat_tflite(packed(*model)); });
  };
  EXPECT_THAT(changed([](auto& m) { m.version = 4; }), HasSubstr("version 4"));
  EXPECT_THAT(changed([](auto& m) { m.subgraphs[0]->tensors[2]->buffer = 100000; }),
              HasSubstr("buffer 100000 does not exist"));
  EXPECT_THAT(changed([](auto& m) { m.subgraphs[0]->operators[0]->inputs[0] = 5000; }),
              HasSubstr("tensor 5000 does not exist"));
  EXPECT_THAT(changed([](auto& m) { m.subgraphs[0]->operators[0]->opcode_index = 99; }),
              HasSubstr("code that does not exist"));
}

TEST(Tflite, InputsMayHaveTheirChannelsFirst) {
  const std::string bytes = make_tflite(quantized_tiny(), {96, 64}, Layout::kUltralytics);
  EXPECT_EQ(summarize_tflite(as_bytes(bytes), "m").input, (Size{96, 64}));
  const auto model = tflite::UnPackModel(bytes.data());
  auto& graph = *model->subgraphs[0];
  graph.tensors[static_cast<size_t>(graph.inputs[0])]->shape = {1, 3, 64, 96};
  EXPECT_EQ(summarize_tflite(as_bytes(packed(*model)), "m").input, (Size{96, 64}));
}

TEST(Flat, DamagedFilesAreRefused) {
  const Model m = quantized_tiny();
  const std::string bytes = make_onnx(m, kSize, Layout::kRaw);
  EXPECT_THAT(error_of([&] { (void)flat_onnx(bytes.substr(0, bytes.size() / 2)); }),
              HasSubstr("cut short"));
  IrDocument ir = make_ir(m, kSize, Layout::kRaw);
  ir.weights.resize(ir.weights.size() / 2);
  EXPECT_THAT(error_of([&] { (void)list_ir(ir.xml, ir.weights, "x.xml"); }), HasSubstr("outside"));
  EXPECT_THAT(error_of([&] { (void)list_ir("<net><lay", ir.weights, "x.xml"); }),
              HasSubstr("x.xml"));
}

}  // namespace
}  // namespace octet
