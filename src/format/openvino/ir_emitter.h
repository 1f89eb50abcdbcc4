// The exporter of OpenVINO IR. ir.cpp has its larger functions.
#pragma once

#include "format/emit/emitter.h"
#include "format/openvino/ir_graph.h"

namespace octet {

// The entry of the metadata of files with fp16 weights.
inline constexpr const char* kIrWeights = "weights";

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

class IrEmitter : public Emitter, private IrGraph {
 public:
  explicit IrEmitter(const IrOptions& options) : IrGraph(options), options_(options) {}
  using IrGraph::finish;

  void output(const std::string& name, Ref x) override {
    value(x).port.append_attribute("names") = name.c_str();
    auto layer = add_layer(name, "Result", "opset1");
    connect(layer, {value(x)});
  }

  // The plugin fuses SiLU behind the convolution in float, and moves int8 data by itself.
  [[nodiscard]] FormatTraits traits() const override {
    return {.before_silu = false,
            .after_sigmoid = false,
            .after_moves = false,
            .resizes_in_float = true,
            .scale_in_weights = !options_.half_weights};
  }

  void metadata(const std::map<std::string, std::string>& entries) override {
    auto all = entries;
    if (options_.half_weights) all[kIrWeights] = "fp16";
    describe(all);
  }

 protected:
  void emit_input(Ref out, const std::string& name, ElementType type) override {
    auto layer = add_layer(name, "Parameter", "opset1");
    auto data = layer.append_child("data");
    data.append_attribute("shape") = comma_list(shape(out)).c_str();
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
  void emit(Ref out, const std::string& name, Ref x, const DepthToSpace& op) override {
    auto layer = add_layer(name, "DepthToSpace", "opset1");
    auto data = layer.append_child("data");
    data.append_attribute("mode") = "blocks_first";
    data.append_attribute("block_size") = op.factor;
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
  using Value = IrGraph::Value;

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

  using IrGraph::finish_layer;
  void finish_layer(pugi::xml_node layer, Ref out, const Shape& dims, const std::string& type) {
    define(out, IrGraph::finish_layer(layer, dims, type));
  }

  struct Interpolation {
    std::string mode, grid, rounding;
  };
  void interpolate(Ref out, const std::string& name, Ref x, const Interpolation& how);

  static void window(pugi::xml_node data, int stride, const Padding& p) {
    data.append_attribute("strides") = comma_list({stride, stride}).c_str();
    data.append_attribute("pads_begin") = comma_list({p.top, p.left}).c_str();
    data.append_attribute("pads_end") = comma_list({p.bottom, p.right}).c_str();
    data.append_attribute("auto_pad") = "explicit";
  }

  IrOptions options_;
  std::vector<Value> values_;
};

}  // namespace octet
