#include "format/openvino/ir.h"

#include "core/error.h"
#include "core/file.h"
#include "format/emit/lower.h"
#include "format/openvino/ir_graph.h"
#include "format/openvino/parse.h"

namespace octet {
namespace {

constexpr size_t kEntryBytes = 160;          // of metadata without its text
constexpr const char* kWeights = "weights";  // the entry of files with fp16 weights

const char* ir_type(ElementType type) {
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
            .scale_in_weights = !options_.half_weights};
  }

  void metadata(const std::map<std::string, std::string>& entries) override {
    auto all = entries;
    if (options_.half_weights) all[kWeights] = "fp16";
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
  void emit(Ref out, const std::string& name, Ref x, const ResizeNearest& op) override;
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

  static void window(pugi::xml_node data, int stride, int padding) {
    const std::string pads = comma_list({padding, padding});
    data.append_attribute("strides") = comma_list({stride, stride}).c_str();
    data.append_attribute("pads_begin") = pads.c_str();
    data.append_attribute("pads_end") = pads.c_str();
    data.append_attribute("auto_pad") = "explicit";
  }

  IrOptions options_;
  std::vector<Value> values_;
};

// Groups are a dimension of their own.
Shape weight_shape(const Conv2d& op) {
  const Shape& s = op.weight.shape;
  return op.groups > 1 ? Shape{op.groups, s[0] / op.groups, s[1], s[2], s[3]} : s;
}

IrEmitter::Value IrEmitter::convolution(Ref out, const std::string& name, Ref x,
                                        const Value& weight, const Conv2d& op) {
  const std::string conv_name = op.bias.empty() ? name : name + ".conv";
  auto layer = add_layer(conv_name, op.groups > 1 ? "GroupConvolution" : "Convolution", "opset1");
  auto data = layer.append_child("data");
  window(data, op.stride, op.padding);
  data.append_attribute("dilations") = "1,1";
  connect(layer, {value(x), weight});
  Value result = finish_layer(layer, shape(out), "f32");
  if (op.bias.empty()) return result;
  const Value bias = floats(name + ".bias", {1, op.bias.shape[0], 1, 1}, op.bias.values);
  return two_operands(name, "Add", result, bias, shape(out));
}

void IrEmitter::emit(Ref out, const std::string& name, Ref x, const Conv2d& op) {
  const Value weight = weights(name + ".weight", weight_shape(op), op.weight.values);
  define(out, convolution(out, name, x, weight, op));
}

// int8 weights as OpenVINO's own compression stores them: converted, times the channel's scale.
void IrEmitter::emit_quantized_conv(Ref out, const std::string& name, Ref x, const Conv2d& op,
                                    const QuantizedConv& q, const QuantParams& /*input*/) {
  const Shape dims = weight_shape(op);
  const Value integers = store(name + ".weight", "i8", dims, std::as_bytes(std::span(q.weight)));
  auto convert = add_layer(name + ".weight.float", "Convert", "opset1");
  convert.append_child("data").append_attribute("destination_type") = "f32";
  connect(convert, {integers});
  const Value real = finish_layer(convert, dims, "f32");
  Shape scale_dims(dims.size(), 1);
  scale_dims[0] = dims[0];
  if (op.groups > 1) scale_dims[1] = dims[1];
  const Value scales = floats(name + ".weight.scales", scale_dims, q.scales);
  const Value weight = two_operands(name + ".weight.real", "Multiply", real, scales, dims);
  define(out, convolution(out, name, x, weight, op));
}

void IrEmitter::emit(Ref out, const std::string& name, Ref x, const Activation& op) {
  struct Kind {
    const char* type;
    const char* version;
  };
  static constexpr Kind kKinds[] = {{"Swish", "opset4"},
                                    {"ReLU", "opset1"},
                                    {"Clamp", "opset1"},
                                    {"HSwish", "opset4"},
                                    {"Sigmoid", "opset1"}};
  const Kind& k = kKinds[static_cast<size_t>(op.kind)];
  auto layer = add_layer(name, k.type, k.version);
  if (op.kind == ActivationKind::kRelu6) {
    auto data = layer.append_child("data");
    data.append_attribute("min") = "0";
    data.append_attribute("max") = "6";
  }
  connect(layer, {value(x)});
  finish_layer(layer, out, shape(out), "f32");
}

void IrEmitter::emit(Ref out, const std::string& name, Ref x, const MaxPool& op) {
  auto layer = add_layer(name, "MaxPool", "opset1");
  auto data = layer.append_child("data");
  window(data, op.stride, op.padding);
  data.append_attribute("kernel") = comma_list({op.kernel, op.kernel}).c_str();
  data.append_attribute("rounding_type") = "floor";
  connect(layer, {value(x)});
  finish_layer(layer, out, shape(out), "f32");
}

void IrEmitter::emit(Ref out, const std::string& name, Ref x, const AvgPool& op) {
  auto layer = add_layer(name, "AvgPool", "opset1");
  auto data = layer.append_child("data");
  window(data, op.stride, 0);
  data.append_attribute("kernel") = comma_list({op.kernel, op.kernel}).c_str();
  data.append_attribute("rounding_type") = "floor";
  data.append_attribute("exclude-pad") = "true";
  connect(layer, {value(x)});
  finish_layer(layer, out, shape(out), "f32");
}

void IrEmitter::emit(Ref out, const std::string& name, Ref x, const ResizeNearest& op) {
  const auto f = static_cast<float>(op.factor);
  const Value sizes = integers(name + ".sizes", {shape(out)[2], shape(out)[3]});
  const Value scales = floats(name + ".scales", {2}, {f, f});
  const Value axes = integers(name + ".axes", {2, 3});
  auto layer = add_layer(name, "Interpolate", "opset4");
  auto data = layer.append_child("data");
  data.append_attribute("mode") = "nearest";
  data.append_attribute("shape_calculation_mode") = "scales";
  data.append_attribute("coordinate_transformation_mode") = "asymmetric";
  data.append_attribute("nearest_mode") = "floor";
  data.append_attribute("antialias") = "false";
  data.append_attribute("pads_begin") = "0,0,0,0";
  data.append_attribute("pads_end") = "0,0,0,0";
  data.append_attribute("cube_coeff") = "-0.75";
  connect(layer, {value(x), sizes, scales, axes});
  finish_layer(layer, out, shape(out), "f32");
}

}  // namespace

IrDocument make_ir(const Model& model, Size size, Layout layout, const IrOptions& options) {
  IrEmitter emitter(options);
  lower(model, size, layout, emitter);
  return emitter.finish();
}

void write_ir(const std::filesystem::path& path, const Model& model, Size size, Layout layout) {
  const IrDocument ir = make_ir(model, size, layout);
  std::filesystem::path weights = path;
  weights.replace_extension(".bin");
  write_files({{weights, ir.weights}, {path, as_bytes(ir.xml)}});
}

bool has_half_weights(const std::map<std::string, std::string>& metadata) {
  const auto at = metadata.find(kWeights);
  return at != metadata.end() && at->second == "fp16";
}

std::map<std::string, std::string> read_ir_metadata(const std::string& xml,
                                                    std::span<const std::byte> weights,
                                                    const std::string& name) {
  Budget budget(name, xml.size() + weights.size());
  pugi::xml_document document;
  const auto net = parse_ir(xml, budget, document);
  require_sound_constants(net, weights, budget);
  std::map<std::string, std::string> entries;
  for (const auto child : net.child("rt_info").children()) {
    const std::string_view value = child.attribute("value").value();
    budget.take(kEntryBytes + value.size());
    entries[child.name()] = value;
  }
  return entries;
}

}  // namespace octet
