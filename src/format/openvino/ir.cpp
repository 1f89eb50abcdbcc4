#include "format/openvino/ir.h"

#include "core/error.h"
#include "core/file.h"
#include "format/emit/lower.h"
#include "format/openvino/ir_emitter.h"
#include "format/openvino/parse.h"

namespace octet {
namespace {

constexpr size_t kEntryBytes = 160;  // of metadata without its text

// Groups are a dimension of their own.
Shape weight_shape(const Conv2d& op) {
  const Shape& s = op.weight.shape;
  return op.groups > 1 ? Shape{op.groups, s[0] / op.groups, s[1], s[2], s[3]} : s;
}

struct LayerType {
  const char* name;
  const char* version;
};

LayerType layer_type(ActivationKind kind) {
  switch (kind) {
    case ActivationKind::kSilu:
      return {"Swish", "opset4"};
    case ActivationKind::kRelu:
      return {"ReLU", "opset1"};
    case ActivationKind::kRelu6:
      return {"Clamp", "opset1"};
    case ActivationKind::kHardswish:
      return {"HSwish", "opset4"};
    case ActivationKind::kSigmoid:
      return {"Sigmoid", "opset1"};
  }
  fail("an activation that OpenVINO's exporter does not know");
}

}  // namespace

IrEmitter::Value IrEmitter::convolution(Ref out, const std::string& name, Ref x,
                                        const Value& weight, const Conv2d& op) {
  const std::string conv_name = op.bias.empty() ? name : name + ".conv";
  auto layer = add_layer(conv_name, op.groups > 1 ? "GroupConvolution" : "Convolution", "opset1");
  auto data = layer.append_child("data");
  window(data, op.stride, op.padding);
  data.append_attribute("dilations") = comma_list({op.dilation, op.dilation}).c_str();
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

void IrEmitter::emit(Ref out, const std::string& name, Ref x, const TransposedConv2d& op) {
  const Value weight = weights(name + ".weight", op.weight.shape, op.weight.values);
  auto layer =
      add_layer(op.bias.empty() ? name : name + ".conv", "ConvolutionBackpropData", "opset1");
  auto data = layer.append_child("data");
  window(data, op.stride, op.padding);
  data.append_attribute("dilations") = "1,1";
  data.append_attribute("output_padding") = "0,0";
  connect(layer, {value(x), weight});
  const Value result = finish_layer(layer, shape(out), "f32");
  if (op.bias.empty()) return define(out, result);
  const Value bias = floats(name + ".bias", {1, op.bias.shape[0], 1, 1}, op.bias.values);
  define(out, two_operands(name, "Add", result, bias, shape(out)));
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
  const LayerType type = layer_type(op.kind);
  auto layer = add_layer(name, type.name, type.version);
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
  window(data, op.stride, {});
  data.append_attribute("kernel") = comma_list({op.kernel, op.kernel}).c_str();
  data.append_attribute("rounding_type") = "floor";
  data.append_attribute("exclude-pad") = "true";
  connect(layer, {value(x)});
  finish_layer(layer, out, shape(out), "f32");
}

void IrEmitter::emit(Ref out, const std::string& name, Ref x, const GlobalAvgPool&) {
  const Value axes = integers(name + ".axes", {2, 3});
  auto layer = add_layer(name, "ReduceMean", "opset1");
  layer.append_child("data").append_attribute("keep_dims") = "true";
  connect(layer, {value(x), axes});
  finish_layer(layer, out, shape(out), "f32");
}

void IrEmitter::emit(Ref out, const std::string& name, Ref x, const Pad& op) {
  const Padding& p = op.padding;
  const Value begin = integers(name + ".begin", {0, 0, p.top, p.left});
  const Value end = integers(name + ".end", {0, op.channels, p.bottom, p.right});
  const Value filling = scalar(name + ".value", op.value);
  auto layer = add_layer(name, "Pad", "opset1");
  layer.append_child("data").append_attribute("pad_mode") = "constant";
  connect(layer, {value(x), begin, end, filling});
  finish_layer(layer, out, shape(out), "f32");
}

void IrEmitter::interpolate(Ref out, const std::string& name, Ref x, const Interpolation& how) {
  const Shape& to = shape(out);
  const Shape& from = shape(x);
  const auto f = [&](size_t axis) {
    return static_cast<float>(to[axis]) / static_cast<float>(from[axis]);
  };
  const Value sizes = integers(name + ".sizes", {to[2], to[3]});
  const Value scales = floats(name + ".scales", {2}, {f(2), f(3)});
  const Value axes = integers(name + ".axes", {2, 3});
  auto layer = add_layer(name, "Interpolate", "opset4");
  auto data = layer.append_child("data");
  data.append_attribute("mode") = how.mode.c_str();
  data.append_attribute("shape_calculation_mode") = "scales";
  data.append_attribute("coordinate_transformation_mode") = how.grid.c_str();
  data.append_attribute("nearest_mode") = how.rounding.c_str();
  data.append_attribute("antialias") = "false";
  data.append_attribute("pads_begin") = "0,0,0,0";
  data.append_attribute("pads_end") = "0,0,0,0";
  data.append_attribute("cube_coeff") = "-0.75";
  connect(layer, {value(x), sizes, scales, axes});
  finish_layer(layer, out, shape(out), "f32");
}

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
  const auto at = metadata.find(kIrWeights);
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
