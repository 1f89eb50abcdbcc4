// The exporter of OpenVINO IR: layers and edges as XML, and constants as bytes. ir.cpp has its larger
// functions.
#pragma once

#include <pugixml.hpp>
#include <sstream>

#include "core/error.h"
#include "format/emit/emitter.h"
#include "format/openvino/ir.h"

namespace octet {

inline constexpr int kIrVersion = 11;
// Of tensors in the .bin, so that they can be used in place; of small ones, which are many, less.
inline constexpr size_t kAlignment = 64, kSmallAlignment = 8;

inline const char* ir_type(ElementType type) {
  switch (type) {
    case ElementType::kFloat32:
      return "f32";
    case ElementType::kUint8:
      return "u8";
    case ElementType::kInt8:
      return "i8";
  }
  return "undefined";
}
inline std::string upper(std::string text) {
  for (char& c : text) c = static_cast<char>(std::toupper(static_cast<unsigned char>(c)));
  return text;
}

inline std::string joined(const std::vector<int64_t>& values) {
  return fmt::format("{}", fmt::join(values, ","));
}

class IrEmitter : public Emitter {
 public:
  IrEmitter() {
    net_ = document_.append_child("net");
    net_.append_attribute("name") = "octet";
    net_.append_attribute("version") = kIrVersion;
    layers_ = net_.append_child("layers");
    edges_ = net_.append_child("edges");
  }

  void output(const std::string& name, Ref x) override {
    value(x).port.append_attribute("names") = name.c_str();
    auto layer = add_layer(name, "Result", "opset1");
    connect(layer, {value(x)});
  }

  // The plugin fuses SiLU behind the convolution in float, and moves int8 data by itself.
  [[nodiscard]] FormatTraits traits() const override {
    return {.before_silu = false, .after_sigmoid = false, .after_moves = false};
  }

  void metadata(const std::map<std::string, std::string>& entries) override {
    auto info = net_.append_child("rt_info");
    for (const auto& [key, text] : entries)
      info.append_child(key.c_str()).append_attribute("value") = text.c_str();
  }

  IrDocument finish() {
    std::ostringstream text;
    document_.save(text, "", pugi::format_raw);
    return {.xml = text.str(), .weights = std::move(weights_)};
  }

 protected:
  void emit_input(Ref out, const std::string& name, ElementType type) override {
    auto layer = add_layer(name, "Parameter", "opset1");
    auto data = layer.append_child("data");
    data.append_attribute("shape") = joined(shape(out)).c_str();
    data.append_attribute("element_type") = ir_type(type);
    finish_layer(layer, out, shape(out), ir_type(type));
    value(out).port.append_attribute("names") = name.c_str();
  }
  void emit_constant(Ref out, const std::string& name, const Tensor& tensor) override {
    define(out, floats(name, tensor.shape, tensor.values));
  }
  void emit_to_float(Ref out, const std::string& name, Ref x) override {
    auto layer = add_layer(name, "Convert", "opset1");
    layer.append_child("data").append_attribute("destination_type") = "f32";
    connect(layer, {value(x)});
    finish_layer(layer, out, shape(out), "f32");
  }
  void emit_transpose(Ref out, const std::string& name, Ref x,
                      const std::vector<int64_t>& order) override {
    auto layer = add_layer(name, "Transpose", "opset1");
    connect(layer, {value(x), integers(name + ".order", order)});
    finish_layer(layer, out, shape(out), value(x).type);
  }
  void emit_reshape(Ref out, const std::string& name, Ref x) override {
    auto layer = add_layer(name, "Reshape", "opset1");
    layer.append_child("data").append_attribute("special_zero") = "false";
    connect(layer, {value(x), integers(name + ".shape", shape(out))});
    finish_layer(layer, out, shape(out), "f32");
  }
  void emit(Ref out, const std::string& name, Ref x, const Conv2d& op) override;
  void emit_quantized_conv(Ref out, const std::string& name, Ref x, const Conv2d& op,
                           const QuantizedConv& q, const QuantParams& input) override;
  void emit_quantize(Ref out, const std::string& name, Ref x, const QuantParams& p) override {
    const Limits limits{scalar(name + ".low", p.low()), scalar(name + ".high", p.high())};
    define(out, fake_quantize(name, value(x), limits, limits));
  }
  void emit_image_from_bytes(Ref out, const std::string& name, Ref bytes) override {
    auto layer = add_layer(name + ".float", "Convert", "opset1");
    layer.append_child("data").append_attribute("destination_type") = "f32";
    connect(layer, {value(bytes)});
    const Value real = finish_layer(layer, shape(out), "f32");
    const Value zero = scalar(name + ".low", 0);
    const Limits in{zero, scalar(name + ".byte", 255)};
    const Limits to{zero, scalar(name + ".high", 1)};
    define(out, fake_quantize(name, real, in, to));
  }
  void emit(Ref out, const std::string& name, Ref x, const TransposedConv2d& op) override;
  void emit(Ref out, const std::string& name, Ref x, const Activation& op) override;
  void emit_binary(Ref out, const std::string& name, BinaryKind kind,
                   std::pair<Ref, Ref> operands) override {
    const char* type = kind == BinaryKind::kAdd        ? "Add"
                       : kind == BinaryKind::kSubtract ? "Subtract"
                                                       : "Multiply";
    define(out,
           two_operands(name, type, value(operands.first), value(operands.second), shape(out)));
  }
  void emit_concat(Ref out, const std::string& name, const std::vector<Ref>& parts,
                   int axis) override {
    auto layer = add_layer(name, "Concat", "opset1");
    layer.append_child("data").append_attribute("axis") = axis;
    std::vector<Value> values;
    for (const Ref part : parts) values.push_back(value(part));
    connect(layer, values);
    finish_layer(layer, out, shape(out), "f32");
  }
  void emit_slice(Ref out, const std::string& name, Ref x, Range range) override {
    auto layer = add_layer(name, "Slice", "opset8");
    connect(layer, {value(x), integers(name + ".begin", {range.begin}),
                    integers(name + ".end", {range.end}), integers(name + ".step", {1}),
                    integers(name + ".axis", {range.axis})});
    finish_layer(layer, out, shape(out), "f32");
  }
  void emit(Ref out, const std::string& name, Ref x, const MaxPool& op) override;
  void emit(Ref out, const std::string& name, Ref x, const AvgPool& op) override;
  void emit(Ref out, const std::string& name, Ref x, const GlobalAvgPool& op) override;
  void emit(Ref out, const std::string& name, Ref x, const ResizeNearest&) override {
    interpolate(out, name, x, {"nearest", "asymmetric", "floor"});
  }
  void emit(Ref out, const std::string& name, Ref x, const ResizeBilinear& op) override {
    interpolate(out, name, x,
                {"linear_onnx", std::string(grid_name(op.grid)), "round_prefer_floor"});
  }
  void emit(Ref out, const std::string& name, Ref x, const ChannelShuffle& op) override {
    auto layer = add_layer(name, "ShuffleChannels", "opset3");
    auto data = layer.append_child("data");
    data.append_attribute("axis") = 1;
    data.append_attribute("group") = op.groups;
    connect(layer, {value(x)});
    finish_layer(layer, out, shape(out), "f32");
  }
  void emit(Ref out, const std::string& name, Ref x, const Prelu& op) override {
    const Value slope = floats(name + ".slope", op.slope.shape, op.slope.values);
    auto layer = add_layer(name, "PReLU", "opset1");
    connect(layer, {value(x), slope});
    finish_layer(layer, out, shape(out), "f32");
  }
  void emit(Ref out, const std::string& name, Ref x, const Pad& op) override;
  void emit_softmax(Ref out, const std::string& name, Ref x, int axis) override {
    auto layer = add_layer(name, "SoftMax", "opset1");
    layer.append_child("data").append_attribute("axis") = axis;
    connect(layer, {value(x)});
    finish_layer(layer, out, shape(out), "f32");
  }
  void emit_reduce_sum(Ref out, const std::string& name, Ref x, int axis) override {
    auto layer = add_layer(name, "ReduceSum", "opset1");
    layer.append_child("data").append_attribute("keep_dims") = "false";
    connect(layer, {value(x), integers(name + ".axis", {axis})});
    finish_layer(layer, out, shape(out), "f32");
  }

 private:
  // Where a value comes from: the layer's only output port.
  struct Value {
    int layer = 0;
    int port_id = 0;
    std::string type;
    Shape shape;
    pugi::xml_node port;
  };

  struct Limits {
    Value low, high;
  };
  Value fake_quantize(const std::string& name, const Value& x, const Limits& in,
                      const Limits& out) {
    auto layer = add_layer(name, "FakeQuantize", "opset1");
    auto data = layer.append_child("data");
    data.append_attribute("levels") = kInt8Max - kInt8Min + 1;
    data.append_attribute("auto_broadcast") = "numpy";
    connect(layer, {x, in.low, in.high, out.low, out.high});
    return finish_layer(layer, x.shape, "f32");
  }
  Value convolution(Ref out, const std::string& name, Ref x, const Value& weight, const Conv2d& op);

  [[nodiscard]] Value& value(Ref ref) { return values_.at(static_cast<size_t>(ref)); }
  void define(Ref ref, Value v) {
    values_.resize(static_cast<size_t>(ref) + 1);
    values_.back() = std::move(v);
  }

  pugi::xml_node add_layer(const std::string& name, const char* type, const char* version) {
    auto layer = layers_.append_child("layer");
    layer.append_attribute("id") = next_layer_++;
    layer.append_attribute("name") = name.c_str();
    layer.append_attribute("type") = type;
    layer.append_attribute("version") = version;
    return layer;
  }
  static pugi::xml_node add_port(pugi::xml_node parent, int id, const std::string& type,
                                 const Shape& dims) {
    auto port = parent.append_child("port");
    port.append_attribute("id") = id;
    port.append_attribute("precision") = upper(type == "f32" ? "FP32" : type).c_str();
    for (const int64_t d : dims) port.append_child("dim").text() = d;
    return port;
  }
  void connect(pugi::xml_node layer, const std::vector<Value>& inputs) {
    auto ports = layer.append_child("input");
    int id = 0;
    for (const Value& from : inputs) {
      // Its type and sides stand at the edge's other end.
      ports.append_child("port").append_attribute("id") = id;
      auto edge = edges_.append_child("edge");
      edge.append_attribute("from-layer") = from.layer;
      edge.append_attribute("from-port") = from.port_id;
      edge.append_attribute("to-layer") = layer.attribute("id").as_int();
      edge.append_attribute("to-port") = id++;
    }
  }
  Value finish_layer(pugi::xml_node layer, const Shape& dims, const std::string& type) {
    const auto inputs = layer.child("input").children("port");
    const int id = static_cast<int>(std::distance(inputs.begin(), inputs.end()));
    return {.layer = layer.attribute("id").as_int(),
            .port_id = id,
            .type = type,
            .shape = dims,
            .port = add_port(layer.append_child("output"), id, type, dims)};
  }
  void finish_layer(pugi::xml_node layer, Ref out, const Shape& dims, const std::string& type) {
    define(out, finish_layer(layer, dims, type));
  }

  // ---- constants
  Value constant(const std::string& name, const std::string& type, const Shape& dims,
                 std::span<const std::byte> raw) {
    const size_t step = raw.size() < kAlignment ? kSmallAlignment : kAlignment;
    weights_.resize((weights_.size() + step - 1) / step * step);
    auto layer = add_layer(name, "Const", "opset1");
    auto data = layer.append_child("data");
    data.append_attribute("element_type") = type.c_str();
    data.append_attribute("shape") = joined(dims).c_str();
    data.append_attribute("offset") = weights_.size();
    data.append_attribute("size") = raw.size();
    weights_.insert(weights_.end(), raw.begin(), raw.end());
    return finish_layer(layer, dims, type);
  }
  Value floats(const std::string& name, const Shape& dims, const std::vector<float>& v) {
    return constant(name, "f32", dims, std::as_bytes(std::span(v)));
  }
  Value scalar(const std::string& name, float v) { return floats(name, {}, {v}); }
  Value integers(const std::string& name, const std::vector<int64_t>& v) {
    return constant(name, "i64", {static_cast<int64_t>(v.size())}, std::as_bytes(std::span(v)));
  }

  Value two_operands(const std::string& name, const char* type, const Value& a, const Value& b,
                     const Shape& dims) {
    auto layer = add_layer(name, type, "opset1");
    layer.append_child("data").append_attribute("auto_broadcast") = "numpy";
    connect(layer, {a, b});
    return finish_layer(layer, dims, "f32");
  }

  struct Interpolation {
    std::string mode, grid, rounding;
  };
  void interpolate(Ref out, const std::string& name, Ref x, const Interpolation& how);

  static void window(pugi::xml_node data, int stride, const Padding& p) {
    data.append_attribute("strides") = joined({stride, stride}).c_str();
    data.append_attribute("pads_begin") = joined({p.top, p.left}).c_str();
    data.append_attribute("pads_end") = joined({p.bottom, p.right}).c_str();
    data.append_attribute("auto_pad") = "explicit";
  }

  pugi::xml_document document_;
  pugi::xml_node net_, layers_, edges_;
  int next_layer_ = 0;
  std::vector<Value> values_;
  std::vector<std::byte> weights_;
};

}  // namespace octet
